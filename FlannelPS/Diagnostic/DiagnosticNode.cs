using FlannelPS.Checks;
using FlannelPS.Engine.Hosting;

namespace FlannelPS.Diagnostics;

/// <summary>A node as a bundle takes it in.</summary>
/// <param name="Name">The instance.</param>
/// <param name="Answers">What it said, or why it is silent.</param>
internal sealed record DiagnosticNode(string Name, NodeAnswers Answers)
{
    /// <summary>Its process; 0 where it does not run.</summary>
    public int Process => (int)(Answers.Status.Number("pid") ?? 0);

    /// <summary>The folder of its texts.</summary>
    public string Folder => $"nodes/{Name}";

    /// <summary>Whether it runs, and in another network namespace than this process: then it is of a host of its own.</summary>
    public bool IsElsewhere
        => Process > 0 && ProcessTable.NamespaceOf(Process) is { } its && ProcessTable.NamespaceOf(Environment.ProcessId) is { } ours && its != ours;
}
