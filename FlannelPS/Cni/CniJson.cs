using System.Collections;
using System.Globalization;
using System.Management.Automation;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace FlannelPS;

/// <summary>Writes what a user has in PowerShell (hashtables, arrays, texts, numbers, switches) as JSON for a CNI plugin.</summary>
internal static class CniJson
{
    private const int MaximumDepth = 16;
    private static readonly JsonWriterOptions Options = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>One JSON document, two blanks to a level, LF at the end.</summary>
    /// <exception cref="FormatException">A value has no form in JSON; the message says which.</exception>
    public static string Write(object value)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream, Options))
            Write(writer, value, "", 0);
        return Encoding.UTF8.GetString(stream.ToArray()).ReplaceLineEndings("\n") + "\n";
    }

    private static void Write(Utf8JsonWriter json, object? value, string path, int depth)
    {
        if (depth > MaximumDepth)
            throw new FormatException($"'{path}' is nested more than {MaximumDepth} deep");
        var plain = value is PSObject { BaseObject: not PSCustomObject } wrapped ? wrapped.BaseObject : value;
        switch (plain)
        {
            case null:
                json.WriteNullValue();
                break;
            case string or char or Uri or System.Net.IPAddress or System.Net.IPNetwork or Enum or Version:
                json.WriteStringValue(plain.ToString());
                break;
            case bool flag:
                json.WriteBooleanValue(flag);
                break;
            case SwitchParameter flag:
                json.WriteBooleanValue(flag);
                break;
            case sbyte or byte or short or ushort or int or uint or long:
                json.WriteNumberValue(Convert.ToInt64(plain, CultureInfo.InvariantCulture));
                break;
            case double or float or decimal or ulong:
                WriteNumber(json, plain, path);
                break;
            case IDictionary members:
                json.WriteStartObject();
                foreach (var (name, member) in Members(members))
                    WriteMember(json, name, member, path, depth);
                json.WriteEndObject();
                break;
            case PSObject members:
                json.WriteStartObject();
                foreach (var property in members.Properties)
                    WriteMember(json, property.Name, property.Value, path, depth);
                json.WriteEndObject();
                break;
            case IEnumerable items:
                json.WriteStartArray();
                foreach (var item in items)
                    Write(json, item, path + "[]", depth + 1);
                json.WriteEndArray();
                break;
            default:
                throw new FormatException($"'{path}' is a {plain.GetType().Name}, which has no form in JSON");
        }
    }

    private static void WriteMember(Utf8JsonWriter json, string name, object? value, string path, int depth)
    {
        json.WritePropertyName(name);
        Write(json, value, path.Length == 0 ? name : $"{path}.{name}", depth + 1);
    }

    private static void WriteNumber(Utf8JsonWriter json, object value, string path)
    {
        if (value is double or float && !double.IsFinite(Convert.ToDouble(value, CultureInfo.InvariantCulture)))
            throw new FormatException($"'{path}' is {value}, which is no number in JSON");
        json.WriteNumberValue(Convert.ToDecimal(value, CultureInfo.InvariantCulture));
    }

    /// <summary>A hashtable has no order of its own; by name, two runs write the same file.</summary>
    private static IEnumerable<(string Name, object? Value)> Members(IDictionary members)
    {
        var list = members.Cast<DictionaryEntry>().Select(entry => (Convert.ToString(entry.Key, CultureInfo.InvariantCulture)!, entry.Value));
        return members is Hashtable ? list.OrderBy(entry => entry.Item1, StringComparer.Ordinal) : list;
    }
}
