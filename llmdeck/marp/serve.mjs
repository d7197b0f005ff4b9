// Conversions by marp-cli, one after another in one process: `node serve.mjs FOLDER`, where FOLDER holds node_modules.
//
// Each line on stdin is a request, `{"args": […]}`; each line on stdout an answer, `{"code": 0, "said": "…"}`, with what
// marp-cli printed meanwhile. The process ends with its stdin.
import module from 'node:module'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'
import { convert, printed } from './options.mjs'

const folder = process.argv[2]
module.enableCompileCache?.()
const library = join(folder, 'node_modules/@marp-team/marp-cli/lib/index.js')
const { marpCli } = await import(pathToFileURL(library))
await printed(marpCli, '--version') // the call that loads all of it

const answer = process.stdout.write.bind(process.stdout)
let said = ''
for (const stream of [process.stdout, process.stderr]) stream.write = (chunk) => Boolean((said += chunk))

for await (const line of createInterface({ input: process.stdin })) {
  said = ''
  const code = await convert(marpCli, folder, JSON.parse(line).args)
  answer(`${JSON.stringify({ code, said })}\n`)
}
