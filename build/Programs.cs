using System.Diagnostics;
using System.Runtime.InteropServices;

/// <summary>Runs programs. Those in front are told of Ctrl+C and clean up; this one then ends with their code.</summary>
internal static partial class Programs
{
    private const int SIGTERM = 15;
    private static readonly HashSet<int> Front = [];

    /// <summary>Runs a program in front.</summary>
    public static int Run(string program, string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments))!;
        lock (Front)
        {
            Front.Add(process.Id);
        }

        process.WaitForExit();
        lock (Front)
        {
            Front.Remove(process.Id);
        }

        return process.ExitCode;
    }

    /// <summary>Runs a program whose words matter only when it fails, such as a compiler.</summary>
    public static bool Quiet(string program, string[] arguments)
    {
        var (code, text) = Capture(program, arguments);
        Console.Error.Write(code == 0 ? "" : text);
        return code == 0;
    }

    /// <summary>Runs a program and gives what it prints.</summary>
    public static (int Code, string Text) Capture(string program, string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true })!;
        string text = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, text);
    }

    /// <summary>Hands a signal on; where nothing is in front it ends this.</summary>
    public static void Forward(PosixSignalContext context)
    {
        context.Cancel = true;
        lock (Front)
        {
            foreach (int process in Front)
            {
                _ = Kill(process, SIGTERM);
            }

            if (Front.Count > 0)
            {
                return;
            }
        }

        Environment.Exit(130);
    }

    /// <summary>Says what is wrong, and gives the code to end with.</summary>
    public static int Fail(string message)
    {
        Console.Error.WriteLine($"build: {message}");
        return 2;
    }

    [DllImport("libc", EntryPoint = "kill")]
    private static extern int Kill(int process, int signal);
}
