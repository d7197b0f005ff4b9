// What a slide shows wrong, measured in the page (see overflow.py). Called once, with the smallest size that text may
// have; gives, a slide, what sticks out, what is cut, what is too small, and the pictures that did not load.
async (smallest) => {
  const GLYPHS_PER_EM = 100 // matplotlib draws text as outlines of this size
  const SLACK = 1 // browsers round to whole pixels
  const style = document.createElement('style')
  // Bespoke skips the layout of slides that are not shown, and its controls are no part of a slide.
  style.textContent =
    'svg[data-marpit-svg]{content-visibility:visible!important;visibility:visible!important;display:block!important}'
  document.head.append(style)
  await document.fonts.ready
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))

  const shown = (text) => text.replace(/\s+/g, ' ').trim()
  const path = (element, section) => {
    const parts = []
    for (let at = element; at && at !== section && parts.length < 4; at = at.parentElement) {
      const twins = [...at.parentElement.children].filter((other) => other.tagName === at.tagName)
      const name = at.tagName.toLowerCase() + (at.classList.length ? `.${at.classList[0]}` : '')
      parts.unshift(twins.length > 1 ? `${name}:nth-of-type(${twins.indexOf(at) + 1})` : name)
    }
    return parts.join(' > ') || 'section'
  }
  const describe = (element, section, text) => ({
    path: path(element, section),
    text: shown(text ?? element.innerText ?? element.textContent ?? '') || element.getAttribute('alt') || '',
  })
  // Text for screen readers alone is a clipped pixel: it is on no slide.
  const unseen = (element, section) => {
    for (let at = element; at && at !== section; at = at.parentElement) {
      const { visibility, display, overflow, opacity } = getComputedStyle(at)
      if (visibility === 'hidden' || display === 'none' || opacity === '0') return true
      if (overflow === 'hidden' && at.clientWidth <= 1 && at.clientHeight <= 1 && display !== 'inline') return true
    }
    return false
  }
  const scale = (element) => {
    let block = element
    while (block && !block.offsetWidth) block = block.parentElement
    const ratio = block ? block.getBoundingClientRect().width / block.offsetWidth : 1
    return Math.abs(ratio - 1) < 0.02 ? 1 : ratio
  }
  const texts = (section) => {
    const found = []
    const walker = document.createTreeWalker(section, NodeFilter.SHOW_TEXT)
    while (walker.nextNode()) {
      const node = walker.currentNode
      if (/[^\s\u200b-\u200d\u2060\ufeff]/.test(node.data) && !node.parentElement.closest('script, style, title, desc')) found.push(node)
    }
    return found.filter((node) => !unseen(node.parentElement, section))
  }
  const boxes = (node) => {
    const range = document.createRange()
    range.selectNodeContents(node)
    return [...range.getClientRects()].filter(({ width, height }) => width && height)
  }
  const clips = (element, axis) => getComputedStyle(element)[`overflow${axis}`] !== 'visible'
  // What an inner box cuts or scrolls does not stick out of the slide, but the box may.
  const within = (element, section, axis) => {
    for (let at = element; at && at !== section; at = at.parentElement) if (clips(at, axis)) return true
    return false
  }

  const over = (section) => {
    const slide = section.getBoundingClientRect()
    const worst = {}
    const measure = (element, rect, text, inside = element) => {
      const beyond = {
        X: Math.max(rect.right - slide.right, slide.left - rect.left),
        Y: Math.max(rect.bottom - slide.bottom, slide.top - rect.top),
      }
      for (const axis of ['X', 'Y']) {
        const pixels = Math.round(beyond[axis])
        if (pixels <= SLACK || pixels <= (worst[axis]?.pixels ?? 0) || within(inside, section, axis)) continue
        worst[axis] = { axis, pixels, ...describe(element, section, text) }
      }
    }
    for (const node of texts(section)) {
      for (const rect of boxes(node)) measure(node.parentElement, rect, node.data)
    }
    for (const element of section.querySelectorAll('*')) {
      const { backgroundColor, borderTopWidth, borderLeftWidth } = getComputedStyle(element)
      const painted = backgroundColor !== 'rgba(0, 0, 0, 0)' || borderTopWidth !== '0px' || borderLeftWidth !== '0px'
      const replaced = element.matches('img, svg, video, canvas, iframe, object, embed, input, button, select, textarea')
      const inDrawing = element.parentElement.closest('svg') !== section.closest('svg')
      if (inDrawing || !(painted || replaced || clips(element, 'X') || clips(element, 'Y'))) continue
      const rect = element.getBoundingClientRect()
      if (rect.width && rect.height && !unseen(element, section)) measure(element, rect, undefined, element.parentElement)
    }
    return Object.values(worst)
  }

  const cut = (section) =>
    [...section.querySelectorAll('*')]
      .filter((element) => element instanceof HTMLElement && !unseen(element, section))
      .flatMap((element) => {
        const x = clips(element, 'X') ? element.scrollWidth - element.clientWidth : 0
        const y = clips(element, 'Y') ? element.scrollHeight - element.clientHeight : 0
        const inline = getComputedStyle(element).display === 'inline' || !element.clientWidth
        return !inline && (x > SLACK || y > SLACK) ? [{ x, y, ...describe(element, section) }] : []
      })

  const pseudo = (section) =>
    [section, ...section.querySelectorAll('*')].flatMap((element) =>
      ['::before', '::after'].flatMap((which) => {
        const { content, fontSize, display, visibility } = getComputedStyle(element, which)
        const text = content.match(/^"(.*)"$/)?.[1]?.trim()
        if (!text || display === 'none' || visibility === 'hidden' || unseen(element, section)) return []
        return [{ element, size: parseFloat(fontSize) * scale(element), text }]
      }),
    )
  const drawn = (image) => {
    const { width, height } = image.getBoundingClientRect()
    const svg = image.src.match(/^data:image\/svg\+xml(;base64)?,(.*)$/s)
    if (!svg || !width) return []
    const bytes = svg[1] ? Uint8Array.from(atob(svg[2]), (char) => char.charCodeAt(0)) : null
    const source = bytes ? new TextDecoder().decode(bytes) : decodeURIComponent(svg[2])
    const root = document.importNode(new DOMParser().parseFromString(source, 'image/svg+xml').documentElement, true)
    root.setAttribute('width', width)
    root.setAttribute('height', height)
    root.style.cssText = 'position:fixed;left:0;top:0'
    document.body.append(root)
    const factor = (element) => {
      const { a, b, c, d } = element.getScreenCTM()
      return Math.sqrt(Math.abs(a * d - b * c))
    }
    const written = [...root.querySelectorAll('text, tspan')]
      .filter((element) => [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim()))
      .map((element) => ({
        size: parseFloat(getComputedStyle(element).fontSize) * factor(element.closest('text')),
        text: element.textContent,
      }))
    const outlined = [...root.querySelectorAll('g[id^="text_"]')].map((group) => ({
      size: Math.min(...[...group.querySelectorAll('use')].map((glyph) => factor(glyph) * GLYPHS_PER_EM)),
      text: [...group.childNodes].find((node) => node.nodeType === 8)?.data ?? '',
    }))
    root.remove()
    return [...written, ...outlined].map((each) => ({ element: image, ...each }))
  }
  const small = (section) => {
    const written = texts(section).map((node) => ({
      element: node.parentElement,
      size: parseFloat(getComputedStyle(node.parentElement).fontSize) * scale(node.parentElement),
      text: node.data,
    }))
    const pictures = [...section.querySelectorAll('img')].filter((image) => !unseen(image, section))
    return [...written, ...pseudo(section), ...pictures.flatMap(drawn)]
      .filter(({ size }) => size > 0 && size < smallest - 0.05 && Number.isFinite(size))
      .map(({ element, size, text }) => ({ size: Math.round(size * 10) / 10, ...describe(element, section, text) }))
  }

  const loads = async (address) => {
    const image = new Image()
    image.src = address
    return image.decode().then(
      () => image.naturalWidth > 0,
      () => false,
    )
  }
  const unloaded = async (svg) => {
    const found = []
    for (const element of svg.querySelectorAll('img, image, section, section *, figure')) {
      const own = element.matches('img') ? [element.currentSrc || element.src || ' '] : []
      const used = element.matches('image') ? [element.href.baseVal] : []
      const behind = [...getComputedStyle(element).backgroundImage.matchAll(/url\("((?:[^"\\]|\\.)*)"\)/g)]
      for (const address of [...own, ...used, ...behind.map((match) => match[1])]) {
        if (!(await loads(address))) {
          const name = address.startsWith('data:') ? address.slice(0, address.indexOf(',')) : address
          found.push({ address: name, ...describe(element, element.closest('section') ?? svg) })
        }
      }
    }
    return found
  }

  const slides = []
  for (const svg of document.querySelectorAll('svg[data-marpit-svg]')) {
    const sections = [...svg.querySelectorAll(':scope > foreignObject > section')]
    const section = sections.find(({ dataset }) => !['background', 'pseudo'].includes(dataset.marpitAdvancedBackground))
    slides.push({ over: over(section), cut: cut(section), small: small(section), unloaded: await unloaded(svg) })
  }
  style.remove()
  return slides
}
