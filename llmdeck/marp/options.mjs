// Which options marp-cli knows: it ignores one that it does not know, so it is asked, once, for those that it knows.
import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

// What marp-cli prints on stdout when it is asked for it.
export const printed = async (marpCli, option) => {
  const { write } = process.stdout
  let output = ''
  process.stdout.write = (chunk) => Boolean((output += chunk))
  await marpCli([option])
  process.stdout.write = write
  return output
}

const knownOptions = async (marpCli, folder) => {
  const file = join(folder, 'options.json')
  try {
    return JSON.parse(await readFile(file, 'utf8'))
  } catch {
    const known = ['--no-stdin', ...(await printed(marpCli, '--help')).match(/--[a-z][\w.-]*/g)]
    await writeFile(`${file}.${process.pid}`, JSON.stringify(known))
    await rename(`${file}.${process.pid}`, file)
    return known
  }
}

// Convert, or say which options marp-cli does not know; return the exit code.
export const convert = async (marpCli, folder, args) => {
  const known = await knownOptions(marpCli, folder)
  const unknown = args.filter((arg) => arg.startsWith('--') && !known.includes(arg.split('=')[0]))
  if (unknown.length) console.error(`marp-cli has no option ${unknown.join(', ')}`)
  return unknown.length ? 1 : await marpCli(args)
}
