using System.Security.Cryptography;
using System.Text;

namespace FlannelPS.Report;

/// <summary>The whole page: one file without a script, that asks for nothing and may ask for nothing.</summary>
internal static class ReportPage
{
    private static readonly string Style = ReadStyle();

    /// <summary>Renders a picture.</summary>
    public static string Render(Picture picture)
    {
        var html = new HtmlWriter();
        // Only this very style sheet counts; nothing is fetched, framed or sent anywhere, even if a text found a way into the markup.
        var style = Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(Style)));
        html.Write($"""
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'sha256-{style}'; base-uri 'none'; form-action 'none'">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <meta name="referrer" content="no-referrer">
            <title>FlannelPS {Title(picture)}, {ReportText.Utc(picture.Taken)} UTC</title>
            <style>
            """);
        html.WriteStyle(Style);
        html.Write($"</style>\n</head>\n<body>\n");
        HeadSection.Write(html, picture);
        html.Write($"<main>\n");
        for (var i = 0; i < picture.Networks.Count; i++)
        {
            var network = picture.Networks[i];
            if (picture.Networks.Count > 1)
                html.Write($"<h2 class=\"network\" id=\"n{i}\">{network.Network.ToString()}</h2>\n");
            HeadSection.WriteFigures(html, network);
            TroubleSection.Write(html, network);
            TopologySection.Write(html, network);
            MeshSection.Write(html, network);
            SubnetSection.Write(html, network);
            HostSection.Write(html, network, picture.Taken);
        }
        NodeSection.Write(html, picture);
        EventSection.Write(html, picture);
        html.Write($"</main>\n</body>\n</html>\n");
        return html.ToString();
    }

    private static string Title(Picture picture)
        => picture.Networks.Count > 0 ? string.Join(", ", picture.Networks.Select(network => network.Network.ToString())) : "without a network";

    private static string ReadStyle()
    {
        using var reader = new StreamReader(typeof(ReportPage).Assembly.GetManifestResourceStream("report.css")!);
        return reader.ReadToEnd();
    }
}
