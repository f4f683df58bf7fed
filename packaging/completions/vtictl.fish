# Completion of vtictl for fish: what may stand there is vtictl's own answer. tests/lint/completions holds it against --help.
function __vtictl_complete
    set -l typed (commandline -opc)
    set -l word (commandline -ct)
    for line in ($typed[1] __complete $typed[2..-1] "$word" 2>/dev/null)
        switch $line
            case :files
                __fish_complete_path "$word"
            case :folders
                __fish_complete_directories "$word"
            case '*'
                echo $line
        end
    end
end
complete -c vtictl -f -a '(__vtictl_complete)'
