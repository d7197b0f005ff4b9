// Measures in the page what each slide shows wrong (see overflow.py). Takes the smallest size that
// text may have, in slide pixels. Returns, for each slide, what sticks out (`over`), what is cut
// (`cut`), text that is too small (`small`), and pictures that did not load (`unloaded`).
async (smallest) => {
  const GLYPHS_PER_EM = 100 // matplotlib draws letters as outlines of this size
  const SLACK = 1 // browsers round to whole pixels
  const ROUNDING = 0.05 // of a text's size
  const MOST_STEPS = 4 // of the path that names an element
  const INVISIBLE = /^[\s\u200b-\u200d\u2060\ufeff]*$/
  const PAINTS_ITSELF =
    'img, svg, video, canvas, iframe, object, embed, input, button, select, textarea'

  // What a message says of an element.

  const oneLine = (text) => text.replace(/\s+/g, ' ').trim()

  const step = (element) => {
    const siblings = [...element.parentElement.children]
    const twins = siblings.filter((other) => other.tagName === element.tagName)
    const style = element.classList.length ? `.${element.classList[0]}` : ''
    const name = element.tagName.toLowerCase() + style
    return twins.length > 1 ? `${name}:nth-of-type(${twins.indexOf(element) + 1})` : name
  }

  const path = (element, section) => {
    const steps = []
    let at = element
    while (at && at !== section && steps.length < MOST_STEPS) {
      steps.unshift(step(at))
      at = at.parentElement
    }
    return steps.join(' > ') || 'section'
  }

  const describe = (element, section, text) => {
    const words = text ?? element.innerText ?? element.textContent ?? ''
    return {
      path: path(element, section),
      text: oneLine(words) || element.getAttribute('alt') || '',
    }
  }

  // What is on a slide, and where.

  const withParents = function* (element, section) {
    for (let at = element; at && at !== section; at = at.parentElement) yield at
  }

  const isHidden = (element) => {
    const { visibility, display, overflow, opacity } = getComputedStyle(element)
    if (visibility === 'hidden' || display === 'none' || opacity === '0') return true
    // Text for screen readers alone is a clipped pixel.
    const isPixel = element.clientWidth <= 1 && element.clientHeight <= 1
    return overflow === 'hidden' && isPixel && display !== 'inline'
  }
  const unseen = (element, section) => [...withParents(element, section)].some(isHidden)

  const clips = (element, axis) => getComputedStyle(element)[`overflow${axis}`] !== 'visible'
  // What an inner box cuts or scrolls does not stick out of the slide, but the box may.
  const isInClip = (element, section, axis) =>
    [...withParents(element, section)].some((parent) => clips(parent, axis))

  // How much larger than its style says an element is shown: transformations change its size.
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
      const parent = node.parentElement
      if (INVISIBLE.test(node.data) || parent.closest('script, style, title, desc')) continue
      if (!unseen(parent, section)) found.push(node)
    }
    return found
  }

  const boxes = (node) => {
    const range = document.createRange()
    range.selectNodeContents(node)
    return [...range.getClientRects()].filter(({ width, height }) => width && height)
  }

  // What sticks out of a slide.

  const isPainted = (element) => {
    const { backgroundColor, borderTopWidth, borderLeftWidth } = getComputedStyle(element)
    const hasBorder = borderTopWidth !== '0px' || borderLeftWidth !== '0px'
    return hasBorder || backgroundColor !== 'rgba(0, 0, 0, 0)'
  }
  const isBox = (element) =>
    isPainted(element) ||
    element.matches(PAINTS_ITSELF) ||
    clips(element, 'X') ||
    clips(element, 'Y')

  // Each thing that a slide shows: its rectangle, its element, the box that may clip it, its text.
  const things = function* (section) {
    for (const node of texts(section)) {
      const element = node.parentElement
      for (const rect of boxes(node)) yield { rect, element, inside: element, text: node.data }
    }
    const slide = section.closest('svg')
    for (const element of section.querySelectorAll('*')) {
      const isPartOfDrawing = element.parentElement.closest('svg') !== slide
      if (isPartOfDrawing || !isBox(element)) continue
      const rect = element.getBoundingClientRect()
      if (!rect.width || !rect.height || unseen(element, section)) continue
      yield { rect, element, inside: element.parentElement }
    }
  }

  const beyond = (rect, slide) => ({
    X: Math.max(rect.right - slide.right, slide.left - rect.left),
    Y: Math.max(rect.bottom - slide.bottom, slide.top - rect.top),
  })

  const over = (section) => {
    const slide = section.getBoundingClientRect()
    const worst = {}
    for (const { rect, element, inside, text } of things(section)) {
      for (const [axis, distance] of Object.entries(beyond(rect, slide))) {
        const pixels = Math.round(distance)
        const known = worst[axis]?.pixels ?? 0
        if (pixels <= SLACK || pixels <= known || isInClip(inside, section, axis)) continue
        worst[axis] = { axis, pixels, ...describe(element, section, text) }
      }
    }
    return Object.values(worst)
  }

  // What a box cuts.

  const cut = (section) => {
    const found = []
    for (const element of section.querySelectorAll('*')) {
      if (!(element instanceof HTMLElement) || unseen(element, section)) continue
      if (getComputedStyle(element).display === 'inline' || !element.clientWidth) continue
      const x = clips(element, 'X') ? element.scrollWidth - element.clientWidth : 0
      const y = clips(element, 'Y') ? element.scrollHeight - element.clientHeight : 0
      if (x > SLACK || y > SLACK) found.push({ x, y, ...describe(element, section) })
    }
    return found
  }

  // Text that is too small: its element, its size as shown, its words.

  const written = (section) =>
    texts(section).map((node) => {
      const element = node.parentElement
      const size = parseFloat(getComputedStyle(element).fontSize) * scale(element)
      return { element, size, text: node.data }
    })

  const writtenByStyle = function* (section) {
    for (const element of [section, ...section.querySelectorAll('*')]) {
      for (const which of ['::before', '::after']) {
        const { content, fontSize, display, visibility } = getComputedStyle(element, which)
        const text = content.match(/^"(.*)"$/)?.[1]?.trim()
        if (!text || display === 'none' || visibility === 'hidden') continue
        if (unseen(element, section)) continue
        yield { element, size: parseFloat(fontSize) * scale(element), text }
      }
    }
  }

  const svgOf = (image) => {
    const match = image.src.match(/^data:image\/svg\+xml(;base64)?,(.*)$/s)
    if (!match) return null
    const [, isBase64, data] = match
    if (!isBase64) return decodeURIComponent(data)
    return new TextDecoder().decode(Uint8Array.from(atob(data), (char) => char.charCodeAt(0)))
  }

  // How much larger than its own units a part of a drawing is shown.
  const factor = (element) => {
    const { a, b, c, d } = element.getScreenCTM()
    return Math.sqrt(Math.abs(a * d - b * c))
  }

  const hasOwnText = (element) =>
    [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim())

  const textsOfDrawing = (drawing) =>
    [...drawing.querySelectorAll('text, tspan')].filter(hasOwnText).map((element) => ({
      size: parseFloat(getComputedStyle(element).fontSize) * factor(element.closest('text')),
      text: element.textContent,
    }))

  // Matplotlib writes the words as a comment beside their outlines.
  const outlinesOfDrawing = (drawing) =>
    [...drawing.querySelectorAll('g[id^="text_"]')].map((group) => {
      const glyphs = [...group.querySelectorAll('use')]
      const words = [...group.childNodes].find((node) => node.nodeType === Node.COMMENT_NODE)
      return {
        size: Math.min(...glyphs.map((glyph) => factor(glyph) * GLYPHS_PER_EM)),
        text: words?.data ?? '',
      }
    })

  // A drawing is put on the page for a moment, in the size that its picture has there.
  const writtenInPicture = (image) => {
    const { width, height } = image.getBoundingClientRect()
    const source = svgOf(image)
    if (source === null || !width) return []
    const parsed = new DOMParser().parseFromString(source, 'image/svg+xml')
    const drawing = document.importNode(parsed.documentElement, true)
    drawing.setAttribute('width', width)
    drawing.setAttribute('height', height)
    drawing.style.cssText = 'position:fixed;left:0;top:0'
    document.body.append(drawing)
    const found = [...textsOfDrawing(drawing), ...outlinesOfDrawing(drawing)]
    drawing.remove()
    return found.map((text) => ({ element: image, ...text }))
  }

  const small = (section) => {
    const images = [...section.querySelectorAll('img')].filter((image) => !unseen(image, section))
    const all = [
      ...written(section),
      ...writtenByStyle(section),
      ...images.flatMap(writtenInPicture),
    ]
    return all
      .filter(({ size }) => size > 0 && size < smallest - ROUNDING && Number.isFinite(size))
      .map(({ element, size, text }) => ({
        size: Math.round(size * 10) / 10,
        ...describe(element, section, text),
      }))
  }

  // Pictures that do not load.

  const loads = async (address) => {
    const image = new Image()
    image.src = address
    return image.decode().then(
      () => image.naturalWidth > 0,
      () => false,
    )
  }

  const pictures = (element) => {
    const { backgroundImage } = getComputedStyle(element)
    const behind = [...backgroundImage.matchAll(/url\("((?:[^"\\]|\\.)*)"\)/g)]
    const addresses = behind.map((match) => match[1])
    if (element.matches('img')) addresses.unshift(element.currentSrc || element.src || ' ')
    if (element.matches('image')) addresses.unshift(element.href.baseVal)
    return addresses
  }

  const unloaded = async (svg) => {
    const found = []
    for (const element of svg.querySelectorAll('img, image, section, section *, figure')) {
      for (const address of pictures(element)) {
        if (await loads(address)) continue
        const isData = address.startsWith('data:')
        const name = isData ? address.slice(0, address.indexOf(',')) : address
        found.push({ address: name, ...describe(element, element.closest('section') ?? svg) })
      }
    }
    return found
  }

  // The register's pages, which are for paper, are put back where the theme's styles reach them.
  // Paper is read from near: the size of their letters is llmdeck's own.
  const deck = document.getElementById(':$p')
  const forPaper = [...document.querySelectorAll('#llmdeck-register > svg')]
  for (const slide of forPaper) {
    slide.classList.add('bespoke-marp-slide')
    deck.append(slide)
  }

  // Bespoke skips the layout of slides that are not shown, and its controls are on no slide.
  const style = document.createElement('style')
  style.textContent = `svg[data-marpit-svg] {
    content-visibility: visible !important;
    visibility: visible !important;
    display: block !important;
  }`
  document.head.append(style)
  await document.fonts.ready
  const nextFrame = () => new Promise((done) => requestAnimationFrame(done))
  await nextFrame()
  await nextFrame()

  const slides = []
  for (const svg of document.querySelectorAll('svg[data-marpit-svg]')) {
    const sections = [...svg.querySelectorAll(':scope > foreignObject > section')]
    const section = sections.find(
      ({ dataset }) => !['background', 'pseudo'].includes(dataset.marpitAdvancedBackground),
    )
    slides.push({
      over: over(section),
      cut: cut(section),
      small: forPaper.includes(svg) ? [] : small(section),
      unloaded: await unloaded(svg),
    })
  }
  style.remove()
  return slides
}
