# shellcheck shell=bash
# Completion of vtid for bash. tests/lint/completions holds it against --help.
_vtid() {
  local word=${COMP_WORDS[COMP_CWORD]}
  COMPREPLY=()
  case ${COMP_WORDS[COMP_CWORD - 1]} in
    --config | --socket) mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
    --state) mapfile -t COMPREPLY < <(compgen -d -- "$word") ;;
    --kernel) mapfile -t COMPREPLY < <(compgen -W 'memory native' -- "$word") ;;
    *) mapfile -t COMPREPLY < <(compgen -W '--check --config --help --kernel --plan --socket --state --version' -- "$word") ;;
  esac
}
complete -o filenames -F _vtid vtid
