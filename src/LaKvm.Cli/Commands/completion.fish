# Completion of lakvm for fish: lakvm completion fish | source
function __lakvm_fits
    # The program sees the line up to the cursor without the path it was called by.
    set -l words (commandline --cut-at-cursor --tokenize --current-process)
    set -l line "lakvm "(string join " " -- $words[2..] (commandline --cut-at-cursor --current-token))
    $words[1] "[suggest:"(string length -- $line)"]" $line 2>/dev/null
end
complete --command lakvm --arguments "(__lakvm_fits)"
