using System.Runtime.InteropServices;

namespace FlannelPS.Engine.Kernel;

internal static partial class LibC
{
    /// <summary>chown(2): "if the owner is specified as -1, then that ID is not changed".</summary>
    internal const uint UnchangedId = uint.MaxValue;

    /// <summary>fchownat(2), unistd.h.</summary>
    [LibraryImport("libc", EntryPoint = "fchownat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int FChOwnAt(FileDescriptor directory, string name, uint userId, uint groupId, int flags);
}
