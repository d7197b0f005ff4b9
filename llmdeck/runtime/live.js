// What a page does while its server runs: it follows the deck's sources, and its controls take any
// value.
//
// The server says by events which build it has. A page of another build takes the slides that
// changed where it is told them; otherwise it loads again, on the slide that it was on. Errors show
// in a corner, over the last good deck.
;(() => {
  'use strict'

  const known = JSON.parse(document.getElementById('llmdeck').textContent)
  const corner = (kind) => {
    const element = document.createElement('pre')
    element.className = `llmdeck-corner ${kind}`
    element.setAttribute('role', 'alert')
    const isSmall = window !== window.parent // the small slide of the presenter view
    if (!isSmall) document.body.append(element)
    return element
  }
  const wrong = corner('llmdeck-wrong')
  const lost = corner('llmdeck-lost')
  const working = corner('llmdeck-working')

  // Which demos run, once they have run for a while.

  const SLOW_S = 1
  let demosAtWork = []
  let since = 0
  const sayWorking = () => {
    const seconds = Math.floor((performance.now() - since) / 1000)
    const isSlow = demosAtWork.length && seconds >= SLOW_S
    const names = demosAtWork.join(', ')
    working.textContent = isSlow ? `${known.words.working}: ${names} (${seconds} s)` : ''
  }
  setInterval(sayWorking, 500)
  const work = (demos) => {
    if (!demosAtWork.length) since = performance.now()
    demosAtWork = demos
    sayWorking()
  }

  // The deck follows its sources.

  const changeSlides = (slides) => {
    const shown = document.querySelectorAll('svg[data-marpit-svg]')
    for (const [number, html] of Object.entries(slides)) {
      shown[number].innerHTML = html
      dispatchEvent(new CustomEvent('llmdeck:slide', { detail: shown[number] }))
    }
  }
  const changeNotes = (notes) => {
    for (const [number, html] of Object.entries(notes)) {
      const places = document.querySelectorAll(`.bespoke-marp-note[data-index="${number}"]`)
      for (const note of places) note.innerHTML = html
    }
  }

  const follow = (update) => {
    lost.textContent = ''
    if (update.build !== known.build) {
      if (update.since !== known.build || !known.build) return location.reload()
      changeSlides(update.slides)
      changeNotes(update.notes)
      known.build = update.build
    }
    wrong.textContent = update.errors.map(({ text }) => text).join('\n\n')
  }

  let source
  let crowded = false // whether this page is one too many, and asks every few seconds
  const connect = () => {
    source?.close()
    source = new EventSource('/api/events')
    source.onopen = () => (crowded = false)
    source.addEventListener('crowded', () => (crowded = true))
    source.addEventListener('working', ({ data }) => work(JSON.parse(data)))
    source.onmessage = ({ data }) => follow(JSON.parse(data))
    source.onerror = () => {
      const isTrying = source.readyState !== EventSource.CLOSED
      if (isTrying) lost.textContent = crowded ? known.words.crowded : known.words.lost
      else setTimeout(connect, 1000) // the answer was no stream: the server is there, but too busy
    }
  }
  // A browser has six connections for a server: windows that nobody sees give theirs back.
  const listen = () => {
    if (document.visibilityState === 'visible') connect()
    else source?.close()
  }
  document.addEventListener('visibilitychange', listen)
  listen()

  // Controls take any value.

  const element = (name, properties = {}, ...children) => {
    const made = Object.assign(document.createElement(name), properties)
    made.append(...children)
    return made
  }
  const select = (id, names, chosen, ...others) => {
    const isChosen = (place) => ({ selected: place === chosen })
    const options = names.map((name, place) => element('option', isChosen(place), name))
    return element('select', { id }, ...options, ...others)
  }
  const input = (id, type, properties) => element('input', { id, type, ...properties })

  // Each maker returns a control: its elements, its value, and what the value is called.
  const makers = {
    slider: ({ id, item, chosen }) => {
      const names = item['x-names']
      const output = element('output', { htmlFor: id })
      const range = input(id, 'range', { min: 0, max: names.length - 1, step: 1 })
      range.value = item.enum.indexOf(chosen)
      const name = () => names[range.value]
      const say = () => {
        output.textContent = name()
        range.setAttribute('aria-valuetext', name())
      }
      say()
      return { elements: [range, output], value: () => item.enum[range.value], name, say }
    },
    choice: ({ id, item, chosen }) => {
      const list = select(id, item['x-names'], item.enum.indexOf(chosen))
      const value = () => item.enum[list.selectedIndex]
      return { elements: [list], value, name: () => list.selectedOptions[0].text }
    },
    switch: ({ id, chosen }) => {
      const box = input(id, 'checkbox', { checked: chosen })
      const name = () => (box.checked ? '✓' : '–')
      return { elements: [box], value: () => box.checked, name }
    },
    number: ({ id, item, chosen }) => {
      const step = item.type === 'integer' ? 1 : 'any'
      const field = input(id, 'number', { className: 'live-free', step })
      field.value = chosen
      return { elements: [field], value: () => field.valueAsNumber, name: () => field.value }
    },
    text: ({ id, item, axis, chosen }) => {
      // What the list says while the text is another.
      const other = element('option', { hidden: true }, known.words.free)
      const list = select(id, axis.values, axis.default, other)
      const { maxLength } = item
      const field = input(`${id}-free`, 'text', { className: 'live-free', maxLength })
      field.value = chosen
      field.setAttribute('aria-label', `${item.title}: ${known.words.free}`)
      list.addEventListener('input', () => (field.value = axis.values[list.selectedIndex]))
      field.addEventListener('input', () => {
        const place = axis.values.indexOf(field.value)
        list.selectedIndex = place < 0 ? other.index : place
      })
      return { elements: [list, field], value: () => field.value, name: () => field.value }
    },
  }

  const demos = {}
  const fetchJson = async (path) => {
    const answer = await fetch(path)
    if (!answer.ok) throw answer
    return answer.json()
  }
  const about = (demo) => (demos[demo] ??= fetchJson(`/api/demos/${demo}`))

  const post = (path, values, signal) =>
    fetch(`/api/demos/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(values),
      signal,
    })

  const events = async function* (answer) {
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader()
    let text = ''
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      text += value
      for (let end; (end = text.indexOf('\n\n')) >= 0; text = text.slice(end + 2)) {
        const [name, data] = text.slice(0, end).split('\n')
        yield [name.slice('event: '.length), JSON.parse(data.slice('data: '.length))]
      }
    }
  }

  const showPart = (shown, part, first) => {
    const places = [...shown.querySelectorAll('[data-stream]')]
    if (first) for (const place of places) place.textContent = ''
    for (const place of places) {
      const name = place.dataset.stream
      if (typeof part === 'string' && !name) place.textContent += part
      else if (name && part && Object.hasOwn(part, name)) place.textContent = part[name]
    }
  }

  // The form of a `live`, and the controls in it.
  const makeForm = (live, axes, properties) => {
    const { className } = live.querySelector('.live-controls')
    const form = element('form', { className, autocomplete: 'off' })
    const controls = axes.map((axis) => {
      const id = `${live.id}-${axis.name}`
      const item = properties[axis.name]
      const chosen = axis.values[axis.default]
      const control = makers[item['x-kind']]({ id, item, axis, chosen })
      const label = element('label', { htmlFor: id }, item.title)
      form.append(element('span', { className: 'live-control' }, label, ...control.elements))
      return { ...control, axis, label: item.title }
    })
    return [form, controls]
  }

  // The number of the chosen values in the grid that the page has; NaN where they are not in it.
  const placeOf = (controls) =>
    controls.reduce((number, { axis, value }) => {
      const found = axis.values.indexOf(value())
      return found < 0 ? NaN : number * axis.values.length + found
    }, 0)

  const touches = ['pointerdown', 'touchstart', 'touchmove', 'touchend', 'wheel', 'click']

  // A key pressed or a finger drawn in a control is not for the presentation. Escape leaves the
  // control, Enter sends a text.
  const keepToItself = (form) => {
    form.addEventListener('keydown', (event) => {
      event.stopPropagation()
      if (event.key === 'Escape') event.target.blur()
      if (event.key === 'Enter' && event.target.type === 'text') form.requestSubmit()
    })
    for (const type of ['keyup', 'keypress', ...touches])
      form.addEventListener(type, (event) => event.stopPropagation(), { passive: true })
  }

  const TYPING_MS = { run: 120, stream: 600 } // how long nothing is typed before a demo is asked

  const adopt = async (live) => {
    const { demo, fixed, axes } = known.lives[live.id]
    const { parameters, streams } = await about(demo)
    const shown = live.querySelector('.live-shown')
    const said = live.querySelector('.live-said')
    const [form, controls] = makeForm(live, axes, parameters.properties)
    const mistake = element('p', { className: 'live-wrong' })
    mistake.setAttribute('role', 'alert')

    // The old result fades while a new one is computed, and says so where that takes a while.
    let slow
    const rest = () => {
      clearTimeout(slow)
      shown.removeAttribute('aria-busy')
      delete shown.dataset.working
    }
    const begin = () => {
      rest()
      slow = setTimeout(() => {
        shown.setAttribute('aria-busy', 'true')
        shown.dataset.working = `${known.words.working}…`
      }, SLOW_S * 1000)
    }

    const show = (html) => {
      rest()
      shown.innerHTML = html
      mistake.textContent = ''
      const summary = shown.querySelector('[data-said]')?.dataset.said ?? ''
      const names = controls.map(({ label, name }) => `${label}: ${name()}`)
      said.textContent = [...names, summary].filter(Boolean).join(', ')
    }
    const take = ({ error, fragment }) => {
      rest()
      if (error) mistake.textContent = error.message
      else if (fragment) show(fragment)
    }
    const takeEvents = async (answer) => {
      let first = true
      for await (const [name, data] of events(answer)) {
        if (name !== 'part') return take(data)
        if (first) {
          rest()
          shown.setAttribute('aria-busy', 'true')
        }
        showPart(shown, data, first)
        first = false
      }
    }

    let asking
    let waiting
    const ask = async () => {
      asking?.abort()
      asking = new AbortController()
      const { signal } = asking
      const place = placeOf(controls)
      if (place >= 0 && live.fragmentAt) {
        const html = await live.fragmentAt(place)
        if (!signal.aborted) show(html)
        return
      }
      const chosen = controls.map(({ axis, value }) => [axis.name, value()])
      const values = { ...fixed, ...Object.fromEntries(chosen) }
      begin()
      try {
        const answer = await post(streams ? `${demo}/stream` : demo, values, signal)
        if (streams && answer.ok) await takeEvents(answer)
        else take(await answer.json())
      } catch (error) {
        if (error.name === 'AbortError') return // another value was asked for
        rest()
        mistake.textContent = known.words.lost
      }
    }

    form.addEventListener('input', (event) => {
      for (const { say } of controls) say?.()
      clearTimeout(waiting)
      const typing = streams ? TYPING_MS.stream : TYPING_MS.run
      waiting = setTimeout(ask, event.target.type === 'text' ? typing : 0)
    })
    form.addEventListener('submit', (event) => {
      event.preventDefault()
      clearTimeout(waiting)
      ask()
    })
    keepToItself(form)
    const focused = document.activeElement?.id
    live.querySelector('.live-controls').replaceWith(form, mistake)
    if (focused) document.getElementById(focused)?.focus()
    live.dataset.served = 'yes'
  }

  // A demo is started when its slide is first shown. Where that fails, the controls of the grid
  // stay; where the server was only busy, it is asked again.
  const start = (live, retry) => {
    live.dataset.adopted = 'yes'
    adopt(live).catch(({ status }) => {
      delete demos[known.lives[live.id].demo]
      delete live.dataset.adopted
      if (status === 503) setTimeout(retry, 2000)
    })
  }
  const watch = (slide) => {
    const look = () => {
      if (!slide.classList.contains('bespoke-marp-active')) return
      for (const live of slide.querySelectorAll('.live:not([data-adopted])'))
        if (known.lives[live.id]) start(live, look)
    }
    look()
    new MutationObserver(look).observe(slide, { attributes: true, attributeFilter: ['class'] })
  }
  if (Object.keys(known.lives).length) {
    document.querySelectorAll('svg[data-marpit-svg]').forEach(watch)
    addEventListener('llmdeck:slide', ({ detail }) => watch(detail))
  }
})()
