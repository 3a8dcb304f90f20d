using System.Management.Automation;
using System.Management.Automation.Host;
using System.Text;

namespace FlannelPS.Live;

/// <summary>The terminal while the live view has it: the other screen, no cursor, no wrapping; and as it was when that is over.</summary>
/// <remarks>ECMA-48 CUP, EL, ED; DEC modes 7, 25 and 1049, which xterm, the Linux console, tmux and Windows Terminal know.</remarks>
internal sealed class LiveScreen : IDisposable
{
    private readonly PSHostUserInterface _terminal;
    private readonly bool _hasOtherScreen;
    private IReadOnlyList<string> _shown = [];
    private (int Width, int Height) _size;

    /// <summary>Takes the terminal.</summary>
    /// <param name="terminal">The host's.</param>
    /// <param name="isPlain">Whether the host takes modes and colours out of what is written (<c>$PSStyle.OutputRendering</c> PlainText): then the view is painted on the screen that is there.</param>
    public LiveScreen(PSHostUserInterface terminal, bool isPlain)
    {
        (_terminal, _hasOtherScreen, _size) = (terminal, !isPlain, SizeOf(terminal));
        _terminal.Write(_hasOtherScreen ? "\e[?1049h\e[?25l\e[?7l\e[H\e[2J" : new string('\n', _size.Height) + "\e[H\e[2J");
    }

    /// <summary>Columns and lines of the window now.</summary>
    public (int Width, int Height) Size => SizeOf(_terminal);

    /// <summary>Shows lines; only those are written that are not there already.</summary>
    public void Show(IReadOnlyList<string> lines)
    {
        var text = new StringBuilder();
        if (Size != _size)
        {
            (_size, _shown) = (Size, []);
            text.Append("\e[2J");
        }
        for (var i = 0; i < Math.Max(lines.Count, _shown.Count); i++)
        {
            var line = i < lines.Count ? lines[i] : "";
            if (i >= _shown.Count || line != _shown[i])
                text.Append(System.Globalization.CultureInfo.InvariantCulture, $"\e[{i + 1};1H").Append(line).Append("\e[K");
        }
        _shown = lines;
        if (text.Length > 0)
            _terminal.Write(text.ToString());
    }

    /// <summary>Gives the terminal back.</summary>
    public void Dispose()
        => _terminal.Write(_hasOtherScreen ? "\e[?7h\e[?25h\e[?1049l" : $"\e[{Math.Min(_size.Height, _shown.Count + 1)};1H");

    private static (int Width, int Height) SizeOf(PSHostUserInterface terminal)
    {
        try
        {
            return terminal.RawUI.WindowSize is { Width: > 0, Height: > 0 } size ? (size.Width, size.Height) : (80, 24);
        }
        catch (Exception e) when (e is HostException or NotImplementedException or IOException)
        {
            // PowerShell's ways to say that its host has no such terminal.
            return (80, 24);
        }
    }
}
