using System.Runtime.InteropServices;

namespace FlannelPS.Engine.Kernel;

/// <summary>A program in a session of its own: closing the terminal, or ending this process, does not end it.</summary>
/// <remarks>posix_spawn(3) with POSIX_SPAWN_SETSID; .NET's Process stays in the caller's session and on its terminal.</remarks>
internal sealed class DetachedProcess
{
    /// <summary>Larger than either structure is with any libc (336 and 80 bytes with glibc on x86-64).</summary>
    private const int StructureLength = 1024;

    private DetachedProcess(int id)
    {
        Id = id;
        // A thread of its own that waits: the child leaves no zombie behind, and its end is known at once.
        Exit = Task.Factory.StartNew(() => Reap(id), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    /// <summary>Its process id.</summary>
    public int Id { get; }

    /// <summary>Its exit code once it has ended; 128 and the signal's number where a signal ended it.</summary>
    public Task<int> Exit { get; }

    /// <summary>Starts a program with an empty standard input, in the root folder.</summary>
    /// <param name="program">Full path.</param>
    /// <param name="arguments">What follows the program's name.</param>
    /// <param name="environment">All of its environment.</param>
    /// <param name="output">File that takes its output, appended; made with mode 0640.</param>
    /// <exception cref="FileException">The kernel refused.</exception>
    public static unsafe DetachedProcess Start(string program, IReadOnlyList<string> arguments, IReadOnlyDictionary<string, string> environment, string output)
    {
        using var texts = new TextBlock();
        var argv = texts.Add([program, .. arguments]);
        var envp = texts.Add([.. environment.Select(item => $"{item.Key}={item.Value}")]);
        var actions = stackalloc byte[StructureLength];
        var attributes = stackalloc byte[StructureLength];
        _ = LibC.SpawnActionsInit(actions);
        _ = LibC.SpawnAttributesInit(attributes);
        try
        {
            _ = LibC.SpawnActionsAddOpen(actions, 0, "/dev/null", LibC.O_RDONLY, 0);
            _ = LibC.SpawnActionsAddOpen(actions, 1, output, LibC.O_WRONLY | LibC.O_APPEND | LibC.O_CREAT | LibC.O_NOFOLLOW, 0x1A0 /* 0640 */);
            _ = LibC.SpawnActionsAddOpen(actions, 2, output, LibC.O_WRONLY | LibC.O_APPEND | LibC.O_NOFOLLOW, 0);
            _ = LibC.SpawnActionsAddChangeDirectory(actions, "/");
            _ = LibC.SpawnAttributesSetFlags(attributes, LibC.POSIX_SPAWN_SETSID | LibC.POSIX_SPAWN_SETSIGMASK);
            var errno = LibC.PosixSpawn(out var id, program, actions, attributes, argv, envp);
            return errno == 0 ? new(id) : throw new FileException($"{program} cannot be started", errno);
        }
        finally
        {
            _ = LibC.SpawnActionsDestroy(actions);
            _ = LibC.SpawnAttributesDestroy(attributes);
        }
    }

    /// <summary>Sends a signal to a process.</summary>
    /// <returns>False when there is none of that id.</returns>
    public static bool Signal(int id, int signal) => LibC.Kill(id, signal) == 0;

    /// <summary>Waits for a child's end, and takes it away.</summary>
    /// <returns>Its exit code; 128 and the signal's number where a signal ended it; -1 where somebody else waited for it.</returns>
    internal static int Reap(int id)
    {
        while (true)
        {
            var ended = LibC.WaitPid(id, out var status, 0);
            var errno = ended < 0 ? LibC.LastErrno : 0;
            if (ended == id)
                return (status & 0x7f) == 0 ? status >> 8 & 0xff : 128 + (status & 0x7f);    // WIFEXITED, WEXITSTATUS, WTERMSIG
            if (errno != Errno.EINTR)
                return -1;    // somebody else waited for it
        }
    }
}
