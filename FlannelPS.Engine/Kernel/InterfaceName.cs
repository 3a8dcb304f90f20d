using System.Text;

namespace FlannelPS.Engine.Kernel;

/// <summary>The kernel's rule for device names: dev_valid_name(), net/core/dev.c.</summary>
public static class InterfaceName
{
    /// <summary>IFNAMSIZ - 1, linux/if.h, bytes.</summary>
    public const int MaxLength = 15;

    /// <summary>Whether the kernel would take it: 1 to 15 bytes, not a path, no white space, no colon.</summary>
    public static bool IsValid(string? name)
    {
        if (string.IsNullOrEmpty(name) || name is "." or ".." || name.Length > MaxLength || Encoding.UTF8.GetByteCount(name) > MaxLength)
            return false;
        foreach (var character in name)
        {
            if (character is '/' or ':' || char.IsWhiteSpace(character) || char.IsControl(character))
                return false;
        }
        return true;
    }

    /// <summary>Returns the name, or throws <see cref="ArgumentException"/>.</summary>
    public static string Check(string name)
        => IsValid(name) ? name : throw new ArgumentException($"'{name}' is not the name of a device: 1 to {MaxLength} bytes without '/', ':' and white space.", nameof(name));
}
