namespace FlannelPS.Diagnostics;

/// <summary>Where texts of a bundle come from. It reads what it names, and nothing else; what cannot be read is an entry with the reason.</summary>
internal abstract class DiagnosticSource
{
    /// <summary>What is read, for who waits.</summary>
    public abstract string About { get; }

    /// <summary>Reads it, on a thread that may wait.</summary>
    public abstract IEnumerable<DiagnosticEntry> Read(CancellationToken cancellationToken);
}
