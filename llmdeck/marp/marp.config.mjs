// How Marp is set up. Assets that Marp would load from a CDN get relative addresses, which
// `output/inline.py` inlines.
import { existsSync } from 'node:fs'
import { join } from 'node:path'

// What our Markdown says shows as it is. A note begins with a mark (see `markdown.note`): whatever
// it says, it is no directive and no linter's comment. A colon written as a reference (`&#58;`)
// begins no emoji shortcode. In a picture's words, references count (markdown-it drops them) and
// markup doesn't.
const inNotes = (text) =>
  text.replace(/\u2060(?:0|1|(\d+);)/g, (spelt, code) =>
    code ? String.fromCodePoint(code) : spelt[1] === '0' ? '\u2060' : '>',
  )
const asItself = (md) => {
  md.renderer.rules.llmdeck_colon = () => ':'
  md.core.ruler.after('inline', 'llmdeck_as_itself', ({ tokens }) => {
    for (const token of tokens.flatMap((each) => [each, ...(each.children ?? [])])) {
      if (token.type === 'text_special' && token.content === ':') token.type = 'llmdeck_colon'
      if (token.type === 'marpit_comment' && token.content.startsWith('\u2060')) {
        token.content = inNotes(token.content.slice(1))
        token.meta = {}
      }
      if (token.type === 'image') {
        token.children = token.children.filter(({ type }) => type !== 'html_inline')
        for (const child of token.children) if (child.type === 'text_special') child.type = 'text'
      }
    }
  })
}

// The style of a single slide (`<style scoped>`) gets a random name; counted instead, two builds
// make the same bytes.
const counted = (css) => {
  const names = [...new Set(css.match(/data-marpit-scope-\w{8}\b/g))]
  const numbers = new Map(names.map((name, place) => [name, `data-marpit-scope-${place + 1}`]))
  return (text) => text.replace(/data-marpit-scope-\w{8}\b/g, (name) => numbers.get(name) ?? name)
}

// Notes are left out where that is asked for, and an emoji that is newer than our pictures of them
// shows as its letter.
const finish = (marp) => {
  const pictures = join(process.argv[2], 'node_modules/@discordapp/twemoji/dist') // see session.mjs
  const emoji = /<img [^>]*alt="([^"]*)" src="twemoji\/([^"]*)"[^>]*>/g
  const shown = (image, alt, path) => (existsSync(join(pictures, path)) ? image : alt)
  const known = (html) => html.replace(emoji, shown)
  const render = marp.render.bind(marp)
  marp.render = (...args) => {
    const { html, css, comments, ...rest } = render(...args)
    const kept = process.env.LLMDECK_NOTES === 'no' ? comments.map(() => []) : comments
    const stable = counted(css)
    const page = (each) => known(stable(each))
    const pages = Array.isArray(html) ? html.map(page) : page(html)
    return { html: pages, css: stable(css), comments: kept, ...rest }
  }
  return marp
}

export default {
  engine: ({ marp }) => finish(marp.use(asItself)),
  html: true, // templates are trusted; what demos return is escaped before it gets here
  options: {
    emoji: { shortcode: 'twemoji', unicode: 'twemoji', twemoji: { base: 'twemoji/', ext: 'svg' } },
    math: { katexFontPath: 'katex/' },
  },
}
