using LaKvm.Debugger.Monitor;

namespace LaKvm.Cli;

/// <summary>What commands see of a guest's board.</summary>
/// <param name="inventory">What it is made of.</param>
/// <param name="pressPowerButton">Presses its button.</param>
internal sealed class GuestBoard(MachineInventory inventory, Func<bool> pressPowerButton) : IMachineBoard
{
    /// <inheritdoc/>
    public event Action? PowerButtonPressed;

    /// <inheritdoc/>
    public MachineInventory Inventory => inventory;

    /// <inheritdoc/>
    public bool PressPowerButton()
    {
        PowerButtonPressed?.Invoke();
        return pressPowerButton();
    }
}
