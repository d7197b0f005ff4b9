// marp-cli in one process, asked again and again: `node session.mjs FOLDER`, where FOLDER holds
// node_modules.
//
// Each line on stdin is a request, `{"args": […]}`. Each is answered by a line on stdout,
// `{"code": 0}`. What marp-cli prints goes to stderr. The process ends with its stdin.
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import module from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath, pathToFileURL } from 'node:url'

const SOON_MS = 5
const folder = process.argv[2]
const requests = createInterface({ input: process.stdin })[Symbol.asyncIterator]()
const first = requests.next()

const answer = process.stdout.write.bind(process.stdout)
const toStderr = process.stderr.write.bind(process.stderr)
process.stdout.write = toStderr

module.enableCompileCache?.(join(folder, 'compiled'))
const library = join(folder, 'node_modules/@marp-team/marp-cli/lib/index.js')
const { marpCli } = await import(pathToFileURL(library))

// What marp-cli prints on stdout when it is asked for it.
const printed = async (option) => {
  let output = ''
  process.stdout.write = (chunk) => Boolean((output += chunk))
  await marpCli([option])
  process.stdout.write = toStderr
  return output
}

// The options of marp-cli. It ignores one that it does not know, so it is asked, once, for those
// that it knows.
const knownOptions = async () => {
  const file = join(folder, 'options.json')
  try {
    return JSON.parse(await readFile(file, 'utf8'))
  } catch {
    const known = ['--no-stdin', ...(await printed('--help')).match(/--[a-z][\w.-]*/g)]
    await writeFile(`${file}.${process.pid}`, JSON.stringify(known))
    await rename(`${file}.${process.pid}`, file)
    return known
  }
}

// Convert, or say which options marp-cli does not know; return the exit code.
const convert = async (args) => {
  const known = await knownOptions()
  const unknown = args.filter((arg) => arg.startsWith('--') && !known.includes(arg.split('=')[0]))
  if (unknown.length) console.error(`marp-cli has no option ${unknown.join(', ')}`)
  return unknown.length ? 1 : await marpCli(args)
}

// Convert a page that nobody sees: the second conversion takes half the time of the first one.
const warmUp = async () => {
  const work = await mkdtemp(join(tmpdir(), 'llmdeck-'))
  try {
    const page = join(work, 'page.md')
    await writeFile(page, '# $x$\n\n```python\nx = 1\n```\n')
    const config = fileURLToPath(new URL('marp.config.mjs', import.meta.url))
    await marpCli(['--no-stdin', '--quiet', '--config-file', config, page])
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

await printed('--version') // the call that loads all of it
const idle = await Promise.race([first.then(() => false), setTimeout(SOON_MS, true)])
if (idle) await warmUp() // the templates are still being rendered

for (let request = await first; !request.done; request = await requests.next()) {
  const code = await convert(JSON.parse(request.value).args)
  module.flushCompileCache?.() // the process may be killed as soon as it has answered
  answer(`${JSON.stringify({ code })}\n`)
}
process.exit()
