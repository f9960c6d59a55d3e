# Completion for bash. In ~/.bashrc: eval "$(zdr-deploy completion bash)"
_zdr_deploy() {
  local line=${COMP_LINE:0:COMP_POINT} words word head found
  read -ra words <<<"$line"
  [[ $line == *[[:space:]] ]] && words+=('')
  word=${words[${#words[@]} - 1]}
  # Bash replaces what stands behind the last of its own word breaks, such as `=`, `:` and `@`: the rest is there already.
  head=${word%"${word##*["$COMP_WORDBREAKS"]}"}
  COMPREPLY=()
  while IFS=$'\t' read -r found _; do
    COMPREPLY+=("${found#"$head"}")
  done < <("${words[0]}" __complete "${words[@]:1}" 2>/dev/null)
}
# Where we know nothing, files.
complete -o default -F _zdr_deploy zdr-deploy
