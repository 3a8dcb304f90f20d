using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace FlannelPS.Engine.Kernel;

/// <summary>How a program's run came to its end.</summary>
internal enum ProgramEnding
{
    /// <summary>By itself.</summary>
    Exited,

    /// <summary>It printed too much, and was killed.</summary>
    TooLong,

    /// <summary>It took too long, and was killed.</summary>
    TooLate,
}

/// <summary>What became of a program.</summary>
/// <param name="Ending">How it ended.</param>
/// <param name="ExitCode">Its exit code; 128 and the signal's number where a signal ended it.</param>
/// <param name="Output">What it printed.</param>
/// <param name="Error">What it complained of, the first 64 KiB.</param>
internal sealed record ProgramResult(ProgramEnding Ending, int ExitCode, byte[] Output, byte[] Error);

/// <summary>Runs a program to its end, on the calling thread and without any other: no thread pool, no timer and no shell stand between.</summary>
/// <remarks>posix_spawn(3). What it reads and its complaints are files in memory, its output is a pipe, so neither side waits for the other.</remarks>
internal static class ProgramRun
{
    private const int StructureLength = 1024, MaxError = 64 << 10, ChunkLength = 64 << 10;

    /// <summary>Runs it in the root folder and in the caller's network namespace.</summary>
    /// <param name="program">Full path.</param>
    /// <param name="arguments">What follows the program's name.</param>
    /// <param name="environment">All of its environment.</param>
    /// <param name="input">What it reads.</param>
    /// <param name="maxOutput">Bytes it may print.</param>
    /// <param name="limit">How long it may take.</param>
    /// <exception cref="FileException">It could not be started.</exception>
    public static ProgramResult Run(
        string program, IReadOnlyList<string> arguments, IReadOnlyDictionary<string, string> environment, ReadOnlySpan<byte> input, int maxOutput, TimeSpan limit)
    {
        // Never so in the native daemon, which leaves its children to us.
        if (Environment.ProcessId == 1 && RuntimeFeature.IsDynamicCodeSupported)
            return RuntimeProgramRun.Run(program, arguments, environment, input, maxOutput, limit);
        var started = Stopwatch.GetTimestamp();
        using var reads = MemoryFile(input);
        using var complains = MemoryFile([]);
        var (output, prints) = Pipe();
        using var outputScope = output;
        int id;
        using (prints)    // the child has its own: its end is the pipe's end
            id = Spawn(program, arguments, environment, [reads, prints, complains]);
        var ending = ProgramEnding.TooLate;
        var printed = Array.Empty<byte>();
        try
        {
            (ending, printed) = ReadAll(output, maxOutput, started, limit);
        }
        finally
        {
            if (ending != ProgramEnding.Exited)
                _ = LibC.Kill(id, LibC.SIGKILL);
        }
        return new(ending, DetachedProcess.Reap(id), printed, ReadFile(complains));
    }

    private static (ProgramEnding Ending, byte[] Printed) ReadAll(FileDescriptor output, int maxOutput, long started, TimeSpan limit)
    {
        using var printed = new MemoryStream();
        var chunk = new byte[ChunkLength];
        while (true)
        {
            var left = limit - Stopwatch.GetElapsedTime(started);
            if (left <= TimeSpan.Zero)
                return (ProgramEnding.TooLate, []);
            Span<PollFd> watched = [new() { fd = output.Number, events = LibC.POLLIN }];
            if (LibC.Poll(ref watched[0], 1, (int)Math.Ceiling(left.TotalMilliseconds)) <= 0)
                continue;    // a signal, or the time
            var length = LibC.Read(output, ref chunk[0], (nuint)chunk.Length);
            if (length == 0)
                return (ProgramEnding.Exited, printed.ToArray());
            if (length > 0)
                printed.Write(chunk, 0, (int)length);
            if (printed.Length > maxOutput)
                return (ProgramEnding.TooLong, []);
        }
    }

    private static unsafe int Spawn(string program, IReadOnlyList<string> arguments, IReadOnlyDictionary<string, string> environment, FileDescriptor[] streams)
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
            for (var i = 0; i < streams.Length; i++)
                _ = LibC.SpawnActionsAddDuplicate(actions, streams[i].Number, i);
            _ = LibC.SpawnActionsAddChangeDirectory(actions, "/");
            _ = LibC.SpawnAttributesSetFlags(attributes, LibC.POSIX_SPAWN_SETSIGMASK);
            var errno = LibC.PosixSpawn(out var id, program, actions, attributes, argv, envp);
            return errno == 0 ? id : throw new FileException($"{program} cannot be started", errno);
        }
        finally
        {
            _ = LibC.SpawnActionsDestroy(actions);
            _ = LibC.SpawnAttributesDestroy(attributes);
        }
    }

    private static FileDescriptor MemoryFile(ReadOnlySpan<byte> content)
    {
        var file = LibC.MemoryFile("flannelps", LibC.MFD_CLOEXEC);
        if (file.IsInvalid)
            throw new FileException("a file in memory", LibC.LastErrno);
        while (content.Length > 0)
        {
            var written = LibC.Write(file, in content[0], (nuint)content.Length);
            var errno = written < 0 ? LibC.LastErrno : 0;
            if (errno is not (0 or Errno.EINTR))
            {
                file.Dispose();
                throw new FileException("a file in memory", errno);
            }
            content = content[(int)Math.Max(0, written)..];
        }
        _ = LibC.Seek(file, 0, LibC.SEEK_SET);
        return file;
    }

    private static byte[] ReadFile(FileDescriptor file)
    {
        var content = new byte[MaxError];
        _ = LibC.Seek(file, 0, LibC.SEEK_SET);
        var length = LibC.Read(file, ref content[0], (nuint)content.Length);
        return content[..(int)Math.Max(0, length)];
    }

    private static unsafe (FileDescriptor Read, FileDescriptor Write) Pipe()
    {
        var ends = stackalloc int[2];
        if (LibC.Pipe(ends, LibC.O_CLOEXEC) != 0)
            throw new FileException("a pipe", LibC.LastErrno);
        return (new(ends[0]), new(ends[1]));
    }
}
