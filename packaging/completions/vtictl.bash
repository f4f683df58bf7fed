# shellcheck shell=bash
# Completion of vtictl for bash: what may stand there is vtictl's own answer. tests/lint/completions holds it against --help.
_vtictl() {
  local word=${COMP_WORDS[COMP_CWORD]} line answer found
  COMPREPLY=()
  mapfile -t answer < <("${COMP_WORDS[0]/#\~/$HOME}" __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
  for line in "${answer[@]}"; do
    case $line in
      :files | :folders)
        if [[ $line == :files ]]; then mapfile -t found < <(compgen -f -- "$word"); else mapfile -t found < <(compgen -d -- "$word"); fi
        COMPREPLY+=("${found[@]}")
        compopt -o filenames 2>/dev/null ;;
      *) COMPREPLY+=("${line%%$'\t'*}") ;;
    esac
  done
}
complete -F _vtictl vtictl
