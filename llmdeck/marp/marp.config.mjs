// How Marp is set up. Assets that Marp would load from a CDN get relative addresses, which `page.py` inlines.

// What our Markdown says shows as it is. A note begins with a mark (see `markdown.note`): whatever it says, it is no
// directive and no linter's comment. A colon written as a reference (`&#58;`) begins no emoji shortcode. In a picture's
// words, references count (markdown-it drops them) and markup doesn't.
const asItself = (md) => {
  md.renderer.rules.llmdeck_colon = () => ':'
  md.core.ruler.after('inline', 'llmdeck_as_itself', ({ tokens }) => {
    for (const token of tokens.flatMap((each) => [each, ...(each.children ?? [])])) {
      if (token.type === 'text_special' && token.content === ':') token.type = 'llmdeck_colon'
      if (token.type === 'marpit_comment' && token.content.startsWith('\u2060')) {
        token.content = token.content.slice(1)
        token.meta = {}
      }
      if (token.type === 'image') {
        token.children = token.children.filter(({ type }) => type !== 'html_inline')
        for (const child of token.children) if (child.type === 'text_special') child.type = 'text'
      }
    }
  })
}

const dropNotes = (marp) => {
  const render = marp.render.bind(marp)
  marp.render = (...args) => {
    const result = render(...args)
    return { ...result, comments: result.comments.map(() => []) }
  }
  return marp
}

export default {
  engine: ({ marp }) => (process.env.LLMDECK_NOTES === 'no' ? dropNotes(marp) : marp).use(asItself),
  html: true, // templates are trusted; what demos return is escaped before it gets here
  options: {
    emoji: { shortcode: 'twemoji', unicode: 'twemoji', twemoji: { base: 'twemoji/', ext: 'svg' } },
    math: { katexFontPath: 'katex/' },
  },
}
