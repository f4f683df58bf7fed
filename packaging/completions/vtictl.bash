# shellcheck shell=bash
# Completion of vtictl for bash: commands, options, and words that never change. tests/lint/completions holds it against --help.
_vtictl() {
  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} command='' position=0 i
  local commands='apply capture check compare confirm doctor down explain export import list log-level metrics plan rekey reload role show status top up watch'
  local kinds='gateways groups interfaces numbers policies policy_routes routes rules sas tunnels'
  local -A options=([apply]=--confirm [capture]='--outer --print' [down]=--timeout [explain]=--probe [export]=--as [import]='--explain --secrets-dir' [metrics]='--format --output'
    [plan]=--expect-empty [rekey]=--timeout [top]='--interval --frames' [up]=--timeout)
  local -A words=([list]=$kinds [log-level]='debug error info warning' [role]='active standby' [watch]='charon config gateway group kernel tunnel')

  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    case ${COMP_WORDS[i]} in
      --as | --confirm | --format | --frames | --interval | --output | --socket | --timeout | --secrets-dir) i=$((i + 1)) ;;
      --) return ;; # the rest is tcpdump's
      -*) ;;
      *) if [[ $command ]]; then position=$((position + 1)); else command=${COMP_WORDS[i]}; fi ;;
    esac
  done

  case $before in
    --socket | --output) mapfile -t COMPREPLY < <(compgen -f -- "$word"); return ;;
    --secrets-dir) mapfile -t COMPREPLY < <(compgen -d -- "$word"); return ;;
    --as) mapfile -t COMPREPLY < <(compgen -W 'libreswan pfsense swanctl vtid vyos' -- "$word"); return ;;
    --format) mapfile -t COMPREPLY < <(compgen -W 'openmetrics prometheus' -- "$word"); return ;;
    --confirm | --frames | --interval | --timeout) return ;;
  esac
  if [[ $word == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "--help --json --socket --version ${options[${command:-none}]:-}" -- "$word")
    return
  fi
  case $command:$position in
    :*) mapfile -t COMPREPLY < <(compgen -W "$commands" -- "$word") ;;
    show:0) mapfile -t COMPREPLY < <(compgen -W "$kinds" -- "$word") ;;
    import:0) mapfile -t COMPREPLY < <(compgen -W 'ipsec opnsense pfsense swanctl vyos' -- "$word"; [[ -z $word ]] || compgen -f -- "$word") ;;
    apply:0 | check:0 | compare:0 | compare:1 | plan:0 | import:1) mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
    *:0) mapfile -t COMPREPLY < <(compgen -W "${words[$command]:-}" -- "$word") ;;
  esac
}
complete -o filenames -F _vtictl vtictl
