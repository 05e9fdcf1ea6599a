"""A page translator, as browsers have them: it puts copies in the place of the text that it finds, now and later.

Chrome's and most extensions wrap each text node into two `font` elements and leave the old node out of the page, so
that a script that kept it goes on writing where nobody looks. They pass over `translate="no"` and
`class="notranslate"`, mark the root, and look again at whatever is new or changed. Our words come out in angle
brackets, so that a test sees which were translated.
"""

from __future__ import annotations

from playwright.async_api import Page

_TRANSLATE = """() => {
  const skipped = 'script, style, textarea, input, code, svg, [translate="no"], .notranslate, font';
  const wrap = (node) => {
    if (!node.data.trim() || !node.parentElement || node.parentElement.closest(skipped)) return;
    const [outer, inner] = [document.createElement('font'), document.createElement('font')];
    for (const font of [outer, inner]) font.style.verticalAlign = 'inherit';
    inner.textContent = `⟨${node.data}⟩`;
    outer.append(inner);
    node.replaceWith(outer);
    window.translated += 1;
  };
  const walk = (root) => {
    if (root.nodeType === Node.TEXT_NODE) return wrap(root);
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    const found = [];
    while (walker.nextNode()) found.push(walker.currentNode);
    found.forEach(wrap);
  };
  window.translated = 0;
  const observer = new MutationObserver((changes) => {
    for (const { type, target, addedNodes } of changes) {
      if (type === 'characterData') walk(target);
      else addedNodes.forEach(walk);
    }
  });
  const watch = { subtree: true, childList: true, characterData: true };
  document.documentElement.classList.add('translated-ltr');
  document.documentElement.lang = 'zh-CN';
  walk(document.body);
  observer.observe(document.body, watch);
}"""


async def translate(page: Page) -> None:
    """Translate the page, and whatever will stand on it from now on."""
    await page.evaluate(_TRANSLATE)


async def translated(page: Page) -> int:
    """How many pieces of text were translated so far."""
    return await page.evaluate("() => window.translated")
