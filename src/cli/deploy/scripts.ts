import { shellWord } from '../machine.ts'

/** Where a robot is on the other computer. */
export interface Site {
  readonly robot: string
  /** `/opt/tendon/so101`: `releases/<id>` and the link `current`. */
  readonly dir: string
  /** `20260101T120000000Z`: sorts by time. */
  readonly release: string
  readonly npm: 'ci' | 'install'
}

/** How many releases stay there, the present one among them. */
const KEPT = 3
/** How often its health is asked for, once a second. */
const HEALTH_TRIES = 40

const head = ({ robot, dir, release }: Site): string => `set -u
umask 022
SUDO=
[ "$(id -u)" = 0 ] || SUDO='sudo -n'
ROBOT=${shellWord(robot)}
UNIT=tendon-$ROBOT.service
DIR=${shellWord(dir)}
RELEASE=$DIR/releases/${shellWord(release)}
`

const fresh = ({ dir, release }: Site): string => shellWord(`${dir}/releases/${release}`)
/** Where the new release goes, as a word of a shell. */
export const releaseFolder = fresh

/** What is there: one `name=value` a line. */
export const probeScript = (site: Site): string => `${head(site)}
echo "node=$(node --version 2>/dev/null)"
echo "npm=$(npm --version 2>/dev/null)"
echo "tar=$(command -v tar)"
echo "systemctl=$(command -v systemctl)"
$SUDO true 2>/dev/null && echo sudo=yes
echo "previous=$(readlink "$DIR/current" 2>/dev/null)"
echo "unit=$(systemctl cat "$UNIT" >/dev/null 2>&1 && echo yes)"
`

/** Asks the robot that runs there for its state; says \`none\` where there is none yet. */
export const statusScript = (site: Site): string => `${head(site)}
TENDON=$DIR/current/node_modules/.bin/tendon
[ -e "$TENDON" ] || { echo none; exit 0; }
$SUDO env "PATH=$PATH" TENDON_RUNTIME_DIR=/run/tendon "$TENDON" status --json --robot "$ROBOT"
`

export const prepareScript = (site: Site): string => `${head(site)}
set -e
$SUDO mkdir -p "$DIR/releases"
$SUDO chown "$(id -u)" "$DIR" "$DIR/releases"
`

/** Installs what the robot needs, and sees that it loads, before anything that runs is touched. */
export const installScript = (site: Site): string => `${head(site)}
set -e
cd "$RELEASE"
npm ${site.npm} --omit=dev --no-audit --no-fund >&2
node --input-type=module -e 'await import(process.cwd() + "/robot.js")' >&2
`

/** In one step: whoever looks sees the one release or the other. */
const switchTo = (target: string): string => `ln -sfn ${target} "$DIR/next" && mv -Tf "$DIR/next" "$DIR/current"`

export const switchScript = (site: Site): string => `${head(site)}
set -e
${switchTo(`releases/${shellWord(site.release)}`)}
`

/** Restarts the service; where there is none yet it is installed, which starts it. */
export const restartScript = (site: Site): string => `${head(site)}
set -e
if systemctl cat "$UNIT" >/dev/null 2>&1; then $SUDO systemctl restart "$UNIT"
else $SUDO env "PATH=$PATH" "$DIR/current/node_modules/.bin/tendon" service install "$DIR/current"
fi
`

/** Ends with 0 once systemd says that it is up and the robot answers; prints the last answers otherwise. */
export const healthScript = (site: Site): string => `${head(site)}
TENDON=$DIR/current/node_modules/.bin/tendon
tries=0
while [ $tries -lt ${HEALTH_TRIES} ]; do
  tries=$((tries + 1))
  state=$(systemctl is-active "$UNIT" 2>&1)
  if [ "$state" = active ]; then
    answer=$($SUDO env "PATH=$PATH" TENDON_RUNTIME_DIR=/run/tendon "$TENDON" status --json --robot "$ROBOT" 2>&1) && { echo "$answer"; exit 0; }
  fi
  [ "$state" = failed ] && break
  sleep 1
done
echo "systemd says $state; the robot says \${answer:-nothing}" >&2
exit 1
`

/** The release before it, running again. */
export const rollbackScript = (site: Site, previous: string): string => `${head(site)}
set -e
${switchTo(shellWord(previous))}
$SUDO systemctl restart "$UNIT"
`

/** There was none before: nothing must go on trying. */
export const withdrawScript = (site: Site): string => `${head(site)}
$SUDO systemctl stop "$UNIT"
rm -f "$DIR/current"
`

/** Removes the release that was not taken. */
export const discardScript = (site: Site): string => `${head(site)}
rm -rf "$RELEASE"
`

/** Removes the oldest releases. */
export const pruneScript = (site: Site): string => `${head(site)}
cd "$DIR/releases" && ls -1 | sort -r | tail -n +${KEPT + 1} | while read -r old; do
  [ "releases/$old" = "$(readlink "$DIR/current")" ] || rm -rf "./$old"
done
`
