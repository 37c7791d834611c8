(() => {
  const tell = (message) => globalThis.fanlightPage(JSON.stringify(message))
  // A list that opens is a window of its own, which no picture of the page holds. Drawn by
  // the page itself it is part of the picture.
  const sheet = new CSSStyleSheet()
  const lists = 'select:not([multiple]):not([size]), select[size="1"]:not([multiple])'
  sheet.replaceSync(`${lists} { appearance: base-select } ::picker(select) { appearance: base-select }`)
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet]

  const selected = () => {
    const field = document.activeElement
    const text = field instanceof HTMLTextAreaElement || field instanceof HTMLInputElement
    return text ? field.value.slice(field.selectionStart, field.selectionEnd) : String(getSelection())
  }
  const copied = (event) => { if (event.isTrusted) tell({ copied: selected() }) }
  addEventListener('copy', copied, true)
  addEventListener('cut', copied, true)

  if (window !== window.top) return
  let last
  const name = () => { if (document.title !== last) tell({ title: last = document.title }) }
  addEventListener('DOMContentLoaded', () => {
    name()
    new MutationObserver(name).observe(document.head ?? document, { subtree: true, childList: true, characterData: true })
  })
})()
