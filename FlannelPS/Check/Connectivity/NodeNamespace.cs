using System.Runtime.ExceptionServices;
using FlannelPS.Engine.Kernel;

namespace FlannelPS.Checks;

/// <summary>Work in the network namespace that a node runs in.</summary>
internal static class NodeNamespace
{
    /// <summary>Runs a synchronous function there, on a thread of its own where that is another namespace. Sockets opened there stay there.</summary>
    /// <param name="process">The node's process.</param>
    /// <param name="body">What to do.</param>
    /// <exception cref="FactsMissingException">It may not be entered.</exception>
    public static T Run<T>(int process, Func<T> body)
    {
        if (ProcessTable.NamespaceOf(process) is not { } space || space == new FileInfo("/proc/thread-self/ns/net").LinkTarget)
            return body();
        T result = default!;
        ExceptionDispatchInfo? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                Enter($"/proc/{process}/ns/net");
                result = body();
            }
            catch (Exception e)
            {
                failure = ExceptionDispatchInfo.Capture(e);
            }
        })
        { IsBackground = true, Name = $"netns of {process}" };
        thread.Start();
        thread.Join();
        failure?.Throw();
        return result;
    }

    private static void Enter(string path)
    {
        using var target = LibC.Open(path, LibC.O_RDONLY | LibC.O_CLOEXEC);
        if (target.IsInvalid || LibC.SetNs(target, LibC.CLONE_NEWNET) < 0)
            throw new FactsMissingException($"The node's network namespace {path} cannot be entered ({Errno.Name(LibC.LastErrno)}): that needs root.");
    }
}
