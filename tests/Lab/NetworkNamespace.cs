using System.Diagnostics;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;

namespace FlannelPS.Lab;

/// <summary>A network namespace with a name under /run/netns, so that <c>ip netns exec</c> works on it too.</summary>
/// <remarks>A namespace belongs to a thread: code runs in it on a thread of its own, which ends afterwards; sockets and children stay there.</remarks>
public sealed class NetworkNamespace : IDisposable
{
    private const string Folder = "/run/netns";
    private bool _deleted;

    private NetworkNamespace(string name) => Name = name;

    /// <summary>Its name for iproute2.</summary>
    public string Name { get; }

    /// <summary>Makes a namespace with loopback up.</summary>
    public static NetworkNamespace Create(string name)
    {
        Command.Run("ip", "netns", "add", name).ThrowIfFailed();
        var made = new NetworkNamespace(name);
        made.Ip("link set lo up");

        // Without the second of duplicate address detection: until it is over a host forwards nothing over IPv6, and snapshots change by themselves.
        if (Directory.Exists("/proc/sys/net/ipv6"))
        {
            made.Sysctl("net/ipv6/conf/default/accept_dad", "0");
        }

        return made;
    }

    /// <summary>Runs code on a thread inside the namespace, and waits for it.</summary>
    public T Run<T>(Func<T> code)
    {
        T result = default!;
        ExceptionDispatchInfo? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                using var file = File.OpenHandle(Path.Combine(Folder, Name));
                if (LibC.SetNs(file, LibC.CLONE_NEWNET) != 0)
                {
                    throw new IOException($"setns {Name}: {Marshal.GetLastPInvokeErrorMessage()}");
                }

                result = code();
            }
            catch (Exception caught)
            {
                failure = ExceptionDispatchInfo.Capture(caught);
            }
        })
        { IsBackground = true, Name = $"in {Name}" };
        thread.Start();
        thread.Join();
        failure?.Throw();
        return result;
    }

    /// <summary>Starts a program inside the namespace.</summary>
    /// <remarks>The child is forked from the thread that entered it, so it costs no <c>ip netns exec</c> in between.</remarks>
    public Process Start(ProcessStartInfo program) => Run(() => Process.Start(program)!);

    /// <summary>Runs a command inside the namespace to its end.</summary>
    public Task<CommandResult> RunAsync(string program, params IReadOnlyList<string> arguments) => RunAsync(TimeSpan.FromSeconds(60), program, arguments);

    /// <summary>Runs a command inside the namespace; it is killed when it takes longer.</summary>
    public Task<CommandResult> RunAsync(TimeSpan limit, string program, params IReadOnlyList<string> arguments) =>
        Command.FinishAsync(Start(Command.Captured(program, arguments)), program, arguments, limit);

    /// <summary>Runs lines of <c>ip -batch</c> inside the namespace.</summary>
    public void Ip(params string[] lines)
    {
        var program = Command.Captured("ip", ["-batch", "-"]);
        program.RedirectStandardInput = true;
        var process = Start(program);
        process.StandardInput.Write(string.Join('\n', lines) + "\n");
        process.StandardInput.Close();
        Command.FinishAsync(process, "ip", lines, TimeSpan.FromSeconds(60)).GetAwaiter().GetResult().ThrowIfFailed();
    }

    /// <summary>Writes a sysctl of the namespace, by its path below /proc/sys.</summary>
    public void Sysctl(string path, string value) => Run(() =>
    {
        File.WriteAllText("/proc/sys/" + path, value);
        return true;
    });

    /// <summary>Ends every process that is still inside and removes the namespace.</summary>
    public void Dispose()
    {
        if (!_deleted)
        {
            _deleted = true;
            Remove(Name);
        }
    }

    /// <summary>Names of all namespaces of this machine.</summary>
    internal static IEnumerable<string> All() => Directory.Exists(Folder) ? Directory.EnumerateFiles(Folder).Select(file => Path.GetFileName(file)) : [];

    /// <summary>Removes a namespace by name, with what runs in it.</summary>
    internal static void Remove(string name)
    {
        foreach (string process in Command.Run("ip", "netns", "pids", name).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            // The lab's own process has threads inside at times; it is not listed, as its first thread is outside.
            _ = LibC.Kill(int.Parse(process), 9);
        }

        Command.Run("ip", "netns", "del", name);
    }
}
