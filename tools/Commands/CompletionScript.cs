namespace LazyRestore.Tools.Commands;

/// <summary>
/// What shells run to complete a command line: they ask the program itself by its <c>[suggest:POSITION]</c> directive, so that
/// scripts never fall behind it, and offer files where it has no answer.
/// </summary>
internal static class CompletionScript
{
    private const string Bash = """
        _lazyrestore() {
            local IFS=$'\n'
            local word="${COMP_WORDS[COMP_CWORD]}"
            COMPREPLY=($(compgen -W "$(lazyrestore "[suggest:${COMP_POINT}]" "${COMP_LINE}" 2>/dev/null)" -- "$word"))
        }
        complete -o default -o bashdefault -F _lazyrestore lazyrestore

        """;

    private const string Zsh = """
        #compdef lazyrestore
        _lazyrestore() {
            local -a suggestions
            suggestions=("${(@f)$(lazyrestore "[suggest:$CURSOR]" "$BUFFER" 2>/dev/null)}")
            compadd -- ${suggestions:#}
            _files
        }
        if [ "$funcstack[1]" = "_lazyrestore" ]; then
            _lazyrestore "$@"
        else
            compdef _lazyrestore lazyrestore
        fi

        """;

    private const string Fish = """
        function __lazyrestore
            set -l line (commandline --cut-at-cursor)
            lazyrestore "[suggest:"(string length -- "$line")"]" "$line" 2>/dev/null
        end
        complete -c lazyrestore -a '(__lazyrestore)'

        """;

    /// <summary>The script of <paramref name="shell"/>: bash, zsh or fish.</summary>
    public static string For(string shell) => shell switch
    {
        "bash" => Bash,
        "zsh" => Zsh,
        _ => Fish,
    };
}
