using FlannelPS.Report;

namespace FlannelPS.Engine.Tests.Report;

public sealed class HtmlWriterTests
{
    [Theory]
    [InlineData("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;")]
    [InlineData("\" onload=\"x", "&quot; onload=&quot;x")]
    [InlineData("' & '", "&#39; &amp; &#39;")]
    [InlineData("a\u0000b\u001b[31m\r\n", "a\\u0000b\\u001b[31m\\u000d\\u000a")]
    [InlineData("safe\u202egnp.exe", "safe\\u202egnp.exe")]
    [InlineData("zero\u200bwidth\ufeff", "zero\\u200bwidth\\ufeff")]
    [InlineData("Zürich 東京", "Zürich 東京")]
    public void What_is_taken_in_is_encoded(string value, string expected)
    {
        var html = new HtmlWriter();
        html.Write($"<td title=\"{value}\">{value}</td>");
        Assert.Equal($"<td title=\"{expected}\">{expected}</td>", html.ToString());
    }

    [Fact]
    public void Half_a_surrogate_pair_is_shown_by_its_number()
    {
        var html = new HtmlWriter();
        html.Write($"{"half " + (char)0xd800 + " pair"}");
        Assert.Equal("half \\ud800 pair", html.ToString());
    }

    [Fact]
    public void A_value_without_an_end_is_cut()
    {
        var html = new HtmlWriter();
        html.Write($"<b>{new string('<', 100_000)}</b>");
        Assert.Equal(3 + 400 * 4 + 1 + 4, html.ToString().Length);
    }

    [Fact]
    public void Numbers_have_a_point_and_few_digits()
    {
        var html = new HtmlWriter();
        html.Write($"<i x=\"{1234.5678}\" y=\"{7}\" class=\"{LinkState.OneWay}\"></i>");
        Assert.Equal("<i x=\"1234.6\" y=\"7\" class=\"OneWay\"></i>", html.ToString());
    }
}
