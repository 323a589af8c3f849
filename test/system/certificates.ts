import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemProgram } from './programs.ts'

/** A certificate and its key, as PEM texts. */
export interface Certified {
  readonly certificate: string
  readonly key: string
}

/** An authority as somebody makes one for a lab, with the program `openssl`. */
export class Authority {
  readonly certificate: string
  readonly #folder = mkdtempSync(join(tmpdir(), 'tendon-authority-'))
  readonly #openssl = systemProgram('openssl', 'openssl')
  #made = 0

  constructor() {
    this.#run('req', '-x509', ...NEW_KEY, '-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/CN=Tendon test CA')
    this.#write('index.txt', '')
    this.#write('serial', '01\n')
    this.#write('ca.conf', CONFIG)
    this.certificate = this.#read('ca.pem')
  }

  /** A broker's certificate for these names, `DNS:localhost,IP:127.0.0.1`, from `from` to `until` (`YYYYMMDDHHMMSSZ`). */
  sign(names: string, from = '20200101000000Z', until = '20990101000000Z'): Certified {
    const name = `broker${++this.#made}`
    this.#run('req', '-new', ...NEW_KEY, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}`)
    this.#write(`${name}.ext`, `subjectAltName=${names}\n`)
    const dates = ['-startdate', from, '-enddate', until]
    const files = ['-in', `${name}.csr`, '-out', `${name}.pem`, '-extfile', `${name}.ext`]
    this.#run('ca', '-batch', '-notext', '-config', 'ca.conf', ...dates, ...files)
    return { certificate: this.#read(`${name}.pem`), key: this.#read(`${name}.key`) }
  }

  dispose(): void {
    rmSync(this.#folder, { recursive: true, force: true })
  }

  #run(...args: string[]): void {
    execFileSync(this.#openssl, args, { cwd: this.#folder, stdio: ['ignore', 'ignore', 'pipe'] })
  }

  #read(file: string): string {
    return readFileSync(join(this.#folder, file), 'utf8')
  }

  #write(file: string, text: string): void {
    writeFileSync(join(this.#folder, file), text)
  }
}

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
const CONFIG = `[ca]
default_ca = lab
[lab]
dir = .
database = index.txt
serial = serial
new_certs_dir = .
certificate = ca.pem
private_key = ca.key
default_md = sha256
policy = any
[any]
commonName = supplied
`
