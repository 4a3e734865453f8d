# Completion of lakvm for bash: source <(lakvm completion bash)
_lakvm()
{
    # The program sees the line without the path it was called by, and tells what fits at the cursor; what it does not
    # know (file names) is left to bash.
    local program=${COMP_WORDS[0]} word=${COMP_WORDS[COMP_CWORD]} skip IFS=$'\n'
    skip=${#program}
    COMPREPLY=($(compgen -W "$("$program" "[suggest:$((COMP_POINT - skip + 5))]" "lakvm${COMP_LINE:skip}" 2>/dev/null)" -- "$word"))
}
complete -o bashdefault -o default -F _lakvm lakvm
