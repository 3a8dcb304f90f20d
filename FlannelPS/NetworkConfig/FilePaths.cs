using System.Management.Automation;

namespace FlannelPS;

/// <summary>Turns what a user gives for files into paths: patterns, or the very text, relative to the session's location.</summary>
internal static class FilePaths
{
    /// <summary>The files; those that are not there, or are no files, are written as errors.</summary>
    public static List<string> Resolve(PSCmdlet cmdlet, IEnumerable<string> texts, bool literal)
    {
        var found = new List<string>();
        foreach (var text in texts)
        {
            try
            {
                ProviderInfo provider;
                IEnumerable<string> paths = literal
                    ? [cmdlet.SessionState.Path.GetUnresolvedProviderPathFromPSPath(text, out provider, out _)]
                    : cmdlet.SessionState.Path.GetResolvedProviderPathFromPSPath(text, out provider);
                if (provider.Name == "FileSystem")
                    found.AddRange(paths);
                else
                    cmdlet.WriteError(FlannelError.FileNotFound.Record($"'{text}' is not a path of the file system.", text));
            }
            catch (Exception e) when (e is SessionStateException or PSArgumentException or PSInvalidOperationException)
            {
                cmdlet.WriteError(FlannelError.FileNotFound.Record($"There is no file '{text}'.", text, e));
            }
        }
        return found;
    }
}
