using System.ComponentModel;
using System.Diagnostics;

namespace FlannelPS.Engine.Kernel;

/// <summary>Runs a program by .NET's own means, where it is the first process of a PID namespace: there .NET takes the end of every child, and nobody else learns an exit code.</summary>
internal static class RuntimeProgramRun
{
    private const int MaxError = 64 << 10;

    /// <inheritdoc cref="ProgramRun.Run"/>
    public static ProgramResult Run(
        string program, IReadOnlyList<string> arguments, IReadOnlyDictionary<string, string> environment, ReadOnlySpan<byte> input, int maxOutput, TimeSpan limit)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = "/",
        };
        start.Environment.Clear();
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        using var process = Start(start);
        // Streams that were asked for are not closed with the process, and would wait for the collector.
        using var output = process.StandardOutput;
        using var errors = process.StandardError;
        var feeding = FeedAsync(process, input.ToArray());
        var (reading, complaining) = (ReadAsync(output.BaseStream, maxOutput, cut: false), ReadAsync(errors.BaseStream, MaxError, cut: true));
        var ending = !reading.Wait(limit) ? ProgramEnding.TooLate : reading.Result is null ? ProgramEnding.TooLong : ProgramEnding.Exited;
        if (ending != ProgramEnding.Exited)
            process.Kill();
        process.WaitForExit();
        Task.WaitAll(feeding, complaining);
        return new(ending, process.ExitCode, ending == ProgramEnding.Exited ? reading.Result! : [], complaining.Result ?? []);
    }

    private static Process Start(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception e)
        {
            throw new FileException($"{start.FileName} cannot be started", e.NativeErrorCode);
        }
    }

    private static async Task FeedAsync(Process process, byte[] input)
    {
        try
        {
            await process.StandardInput.BaseStream.WriteAsync(input).ConfigureAwait(false);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It has ended, or does not read.
        }
    }

    /// <summary>What comes: beyond the limit it is cut there, or null.</summary>
    private static async Task<byte[]?> ReadAsync(Stream stream, int limit, bool cut)
    {
        using var content = new MemoryStream();
        var chunk = new byte[64 << 10];
        while (await stream.ReadAsync(chunk).ConfigureAwait(false) is var length and > 0)
        {
            var left = limit - (int)content.Length;
            if (length > left && !cut)
                return null;
            content.Write(chunk, 0, Math.Min(length, left));
        }
        return content.ToArray();
    }
}
