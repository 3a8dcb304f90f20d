namespace FlannelPS;

/// <summary>What cmdlets share that read or write a small file which other programs trust.</summary>
public abstract class FileCommand : FlannelCommand
{
    /// <summary>The file's text; null, and an error was written, when it cannot be read.</summary>
    private protected string? ReadText(string path)
    {
        var text = TextFile.Read(path, out var problem);
        if (text is null)
            WriteError(problem ?? FlannelError.FileNotFound.Record($"{path}: there is no such file.", path));
        return text;
    }

    /// <summary>Makes the file have this text, once the user agrees.</summary>
    /// <returns>False when he does not, and after an error.</returns>
    private protected bool WriteText(string path, string text, string what, bool noClobber)
    {
        if (noClobber && TextFile.IsThere(path))
        {
            WriteError(FlannelError.FileExists.Record($"{path} exists already.", path));
            return false;
        }
        if (!ShouldProcess(path, $"Write {what}"))
            return false;
        try
        {
            TextFile.Write(path, text, TextFile.PublicMode);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            WriteError(TextFile.Record(e, path, FlannelError.FileNotWritten));
            return false;
        }
    }

    /// <summary>Returns a file as Get-Item does, with what PowerShell adds to it.</summary>
    private protected void WriteFile(string path) => WriteObject(InvokeProvider.Item.Get([path], force: true, literalPath: true), enumerateCollection: true);
}
