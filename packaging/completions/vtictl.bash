# shellcheck shell=bash
# Completion of vtictl for bash: commands, options, and words that never change. tests/lint/completions holds it against --help.
_vtictl() {
  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} command='' position=0 i
  local commands='capture check doctor down explain import list plan rekey reload role show status up watch'
  local kinds='gateways groups interfaces numbers policies policy_routes routes rules sas tunnels'
  local -A options=([capture]='--outer --print' [down]=--timeout [explain]=--probe [import]=--secrets-dir [plan]=--expect-empty
    [rekey]=--timeout [up]=--timeout)
  local -A words=([list]=$kinds [role]='active standby' [watch]='charon config gateway group kernel tunnel')

  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    case ${COMP_WORDS[i]} in
      --socket | --timeout | --secrets-dir) i=$((i + 1)) ;;
      --) return ;; # the rest is tcpdump's
      -*) ;;
      *) if [[ $command ]]; then position=$((position + 1)); else command=${COMP_WORDS[i]}; fi ;;
    esac
  done

  case $before in
    --socket) mapfile -t COMPREPLY < <(compgen -f -- "$word"); return ;;
    --secrets-dir) mapfile -t COMPREPLY < <(compgen -d -- "$word"); return ;;
    --timeout) return ;;
  esac
  if [[ $word == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "--help --json --socket --version ${options[${command:-none}]:-}" -- "$word")
    return
  fi
  case $command:$position in
    :*) mapfile -t COMPREPLY < <(compgen -W "$commands" -- "$word") ;;
    show:0) mapfile -t COMPREPLY < <(compgen -W "$kinds" -- "$word") ;;
    import:0) mapfile -t COMPREPLY < <(compgen -W 'pfsense swanctl' -- "$word"; [[ -z $word ]] || compgen -f -- "$word") ;;
    check:0 | plan:0 | import:1) mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
    *:0) mapfile -t COMPREPLY < <(compgen -W "${words[$command]:-}" -- "$word") ;;
  esac
}
complete -o filenames -F _vtictl vtictl
