namespace LaKvm.Translator;

/// <summary>A jump inside a page whose target was not translated when the jump was.</summary>
/// <param name="Page">The page.</param>
/// <param name="Target">Offset of the target in it.</param>
/// <param name="Place">Where the jump's distance is.</param>
/// <param name="IsTaken">Whether it is a control transfer, where attention is looked for.</param>
internal readonly unsafe record struct Link(nint Page, int Target, nint Place, bool IsTaken);
