/** What a shell sources once: it asks `tendon complete` for the words that could come next. */
export const completionScripts = {
  bash: `_tendon() {
  local IFS=$'\\n'
  # With readline's own breaks a=b is three words: take the line as it is written.
  local words
  read -r -d '' -a words <<< "$(printf '%s' "\${COMP_LINE:0:COMP_POINT}" | tr ' ' '\\n')"
  [[ "\${COMP_LINE:0:COMP_POINT}" == *' ' ]] && words+=('')
  COMPREPLY=($(tendon complete -- "\${words[@]:1}" 2>/dev/null))
  local last="\${words[-1]}"
  [[ "$last" == *=* && "\${COMP_WORDBREAKS}" == *=* ]] && COMPREPLY=("\${COMPREPLY[@]#"\${last%%=*}="}")
  [[ "\${COMPREPLY[0]}" == *= ]] && compopt -o nospace
}
complete -F _tendon tendon
`,
  zsh: `#compdef tendon
_tendon() {
  local -a found
  found=("\${(@f)$(tendon complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  compadd -S '' -- \${(M)found:#*=}
  compadd -- \${found:#*=}
}
compdef _tendon tendon
`,
  fish: `complete -c tendon -f -a '(tendon complete -- (commandline -opc)[2..] (commandline -ct) 2>/dev/null)'
`,
} as const
