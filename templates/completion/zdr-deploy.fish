# Completion for fish. In ~/.config/fish/config.fish: zdr-deploy completion fish | source
function __zdr_deploy
    set -l before (commandline -opc)
    set -l current (commandline -ct)
    set -l found ($before[1] __complete $before[2..-1] "$current" 2>/dev/null)
    # Where we know nothing, files.
    if test (count $found) -gt 0
        string join \n -- $found
    else
        __fish_complete_path "$current"
    end
end
complete -c zdr-deploy -f -a '(__zdr_deploy)'
