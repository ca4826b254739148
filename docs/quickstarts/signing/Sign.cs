using System;
using System.IO;
using System.Net.Http;
using System.Runtime.Serialization.Json;
using System.Text;
using System.Threading.Tasks;
using System.Xml;
using System.Xml.Linq;

/// <summary>Signs a person request with the sandbox's keys, with nothing but .NET: Framework 4.5, Mono, or .NET 8.</summary>
static class Sign
{
    const string Request = "/api/v2/person_requests/4a272596-2839-5c54-b774-61020fdb64c3";
    static readonly string BaseUrl = Environment.GetEnvironmentVariable("ESOZ_URL") ?? "http://127.0.0.1:8080";
    static readonly HttpClient Http = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false });

    static async Task<XElement> Call(string token, string method, string path, XElement body = null)
    {
        var request = new HttpRequestMessage(new HttpMethod(method), BaseUrl + path);
        request.Headers.Add("Authorization", "Bearer " + token);
        request.Headers.Add("API-key", "sandbox-mis-key");
        if (body != null)
        {
            var json = new MemoryStream();
            using (var writer = JsonReaderWriterFactory.CreateJsonWriter(json))
            {
                body.WriteTo(writer);
            }
            request.Content = new StringContent(Encoding.UTF8.GetString(json.ToArray()), Encoding.UTF8, "application/json");
        }
        var answer = await Http.SendAsync(request);
        using (var reader = JsonReaderWriterFactory.CreateJsonReader(
            await answer.Content.ReadAsByteArrayAsync(), XmlDictionaryReaderQuotas.Max))
        {
            return XElement.Load(reader);
        }
    }

    static XElement Object(XElement field)
    {
        return new XElement("root", new XAttribute("type", "object"), field);
    }

    /// <summary>With a real key your own program makes the container, of the same content.</summary>
    static async Task<XElement> SignedBy(string token, XElement content)
    {
        var named = new XElement(content) { Name = "content" };
        return (await Call(token, "POST", "/_sandbox/sign", Object(named))).Element("signed_content");
    }

    static async Task Run(TextWriter output)
    {
        var content = (await Call("sandbox-doctor", "GET", Request)).Element("data");
        var person = content.Element("person");
        output.WriteLine("{0} {1} {2}", content.Element("status").Value, person.Element("first_name").Value, person.Element("last_name").Value);
        content.Element("patient_signed").Value = "true"; // on the printed form

        foreach (var signer in new[] { "sandbox-other-doctor", "sandbox-doctor" })
        {
            var container = await SignedBy(signer, content);
            var answer = await Call("sandbox-doctor", "PATCH", Request + "/actions/sign", Object(container));
            var data = answer.Element("data");
            output.WriteLine("{0} {1}", answer.Element("meta").Element("code").Value,
                data != null ? data.Element("status").Value : answer.Element("error").Element("message").Value);
        }
    }

    static void Main()
    {
        using (var output = new StreamWriter(Console.OpenStandardOutput())) // UTF-8 on every console
        {
            Run(output).GetAwaiter().GetResult();
        }
    }
}
