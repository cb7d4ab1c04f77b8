"""What a checker of accessibility looks for, as functions to run in a page: they need no foreign code."""

# Text whose contrast with what is behind it is below 4.5 (3 for large text), WCAG 2.2 success criterion 1.4.3.
FAINT = """() => {
  const numbers = (colour) => (colour.match(/[\\d.]+/g) || []).map(Number);
  const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const rgba = (colour) => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
    const d = canvas.getImageData(0, 0, 1, 1).data; return [d[0], d[1], d[2], d[3] / 255]; };
  const light = ([r, g, b]) => [r, g, b].map(v => v / 255)
    .map(v => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
  const behind = (node) => { for (let n = node; n; n = n.parentElement) {
    const c = rgba(getComputedStyle(n).backgroundColor); if (c[3] > .5) return c; }
    return rgba('Canvas'); };
  const bad = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const node = walk.currentNode.parentElement;
    if (!walk.currentNode.data.trim() || !node.checkVisibility() || node.closest('.skip, .unseen, option')) continue;
    const style = getComputedStyle(node);
    const [a, b] = [light(rgba(style.color)), light(behind(node))].sort((x, y) => y - x);
    const size = parseFloat(style.fontSize), large = size >= 24 || (size >= 18.66 && +style.fontWeight >= 700);
    const ratio = (a + .05) / (b + .05);
    const words = walk.currentNode.data.trim().slice(0, 30);
    if (ratio < (large ? 3 : 4.5)) bad.push(`${ratio.toFixed(2)} ${node.tagName} ${words}`);
  }
  return bad;
}"""

# Controls without a name, headings that skip a level, ids used twice, several or no main landmarks.
UNNAMED = """() => {
  const bad = [];
  for (const node of document.querySelectorAll('a[href], button, input:not([type=hidden]), summary')) {
    const name = node.getAttribute('aria-label') || node.textContent.trim() || node.labels?.[0]?.textContent.trim();
    if (!name) bad.push(`no name: ${node.outerHTML.slice(0, 80)}`);
  }
  let level = 0;
  for (const node of document.querySelectorAll('main h1, main h2, main h3, main h4')) {
    const now = +node.tagName[1];
    if (level && now > level + 1) bad.push(`h${level} then h${now}: ${node.textContent.slice(0, 40)}`);
    level = now;
  }
  const ids = [...document.querySelectorAll('[id]')].map(node => node.id);
  for (const id of ids.filter((id, i) => ids.indexOf(id) !== i)) bad.push(`id twice: ${id}`);
  for (const node of document.querySelectorAll('[aria-labelledby]'))
    if (!document.getElementById(node.getAttribute('aria-labelledby')))
      bad.push(`labelled by nothing: ${node.outerHTML.slice(0, 60)}`);
  if (document.querySelectorAll('main').length !== 1) bad.push('not one main');
  if (!document.documentElement.lang) bad.push('no language');
  return bad;
}"""

# Controls that a finger would miss: less than 44 pixels high. Links within a line of text are exempt, as in WCAG 2.5.8.
SMALL = """() => [...document.querySelectorAll(
    'button, input:not([type=hidden], [type=checkbox], [type=radio]), label:has([type=checkbox], [type=radio]), ' +
    'summary, nav a, .chips a, .sorts a, .tabs a, .links a, .turn a, .index a, .rise a')]
  .filter(node => node.checkVisibility() && !node.closest('dialog:not([open])'))
  .map(node => [node.getBoundingClientRect().height, node.outerHTML.slice(0, 80)])
  .filter(([height]) => height < 43.5)"""
