namespace LaKvm.Devices;

/// <summary>The firmware that a board starts with.</summary>
/// <param name="Code">Content of the first flash bank, where every core begins after reset.</param>
/// <param name="Variables">Content of the second one.</param>
/// <param name="Items">What the firmware is told of the machine, and finds to boot.</param>
public sealed record BoardFirmware(ReadOnlyMemory<byte> Code, FlashContent Variables, FirmwareItems Items);
