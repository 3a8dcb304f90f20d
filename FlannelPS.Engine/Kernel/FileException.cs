namespace FlannelPS.Engine.Kernel;

/// <summary>A file could not be used. The message names the path and the reason.</summary>
/// <param name="message">What failed, without the errno.</param>
/// <param name="errno">The kernel's answer.</param>
public class FileException(string message, int errno) : IOException($"{message}: {Kernel.Errno.Describe(errno)}.")
{
    /// <summary>The kernel's answer, <see cref="Kernel.Errno"/>; 0 when we refused by ourselves.</summary>
    public int Errno { get; } = errno;
}

/// <summary>What stands in place of a file could be somebody's trap. Nothing was read or written.</summary>
/// <param name="path">The path that was refused.</param>
/// <param name="reason">Why, and what to do: two sentences.</param>
public sealed class FileRefusedException(string path, string reason) : IOException($"{path} is refused: {reason}")
{
    /// <summary>The path that was refused.</summary>
    public string Path { get; } = path;
}
