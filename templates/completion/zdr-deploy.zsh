#compdef zdr-deploy
# Completion for zsh. In ~/.zshrc, behind compinit: eval "$(zdr-deploy completion zsh)"
_zdr-deploy() {
  local line
  local -a found shown
  while IFS= read -r line; do
    found+=("${line%%$'\t'*}")
    shown+=("${line/$'\t'/  -- }")
  done < <("${(Q)words[1]}" __complete "${(@Q)words[2,CURRENT-1]}" "$PREFIX" 2>/dev/null)
  # Where we know nothing, files.
  if ((${#found})); then compadd -l -d shown -a found; else _files; fi
}
compdef _zdr-deploy zdr-deploy
