#compdef lakvm
# Completion of lakvm for zsh: source <(lakvm completion zsh), behind compinit; or a file _lakvm in $fpath.
_lakvm()
{
    # The program sees the line up to the cursor without the path it was called by.
    local line="lakvm ${(j: :)words[2,CURRENT]}"
    local -a fits=("${(@f)$("$words[1]" "[suggest:${#line}]" "$line" 2>/dev/null)}")
    fits=(${(M)fits:#${PREFIX}*})
    if (( ${#fits} )); then
        compadd -a fits
    else
        _files
    fi
}
if [[ $funcstack[1] == _lakvm ]]; then
    _lakvm "$@"
else
    compdef _lakvm lakvm
fi
