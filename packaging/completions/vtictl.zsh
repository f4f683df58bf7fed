#compdef vtictl
# Completion of vtictl for zsh: what may stand there is vtictl's own answer. tests/lint/completions holds it against --help.
_vtictl() {
  local line tab=$'\t'
  local -a answer found
  answer=("${(@f)$("${(Q)words[1]}" __complete "${(@Q)words[2,CURRENT]}" 2>/dev/null)}")
  for line in $answer; do
    case $line in
      :files) _files ;;
      :folders) _files -/ ;;
      *$tab*) found+=("${${line%%$tab*}//:/\\:}:${line#*$tab}") ;;
      ?*) found+=("${line//:/\\:}") ;;
    esac
  done
  (( $#found )) && _describe -o vtictl found
}
_vtictl "$@"
