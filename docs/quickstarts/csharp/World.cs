using System;
using System.Linq;
using System.Net.Http;
using System.Runtime.Serialization.Json;
using System.Text;
using System.Threading.Tasks;
using System.Xml;
using System.Xml.Linq;

/// <summary>A world of the sandbox at ESOZ_URL for one test: databases, a clock and an inbox that no other test sees.</summary>
public sealed class World
{
    static readonly HttpClient Http = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false });

    public string BaseUrl { get; private set; }

    public static async Task<World> Create()
    {
        var sandbox = (Environment.GetEnvironmentVariable("ESOZ_URL") ?? "http://127.0.0.1:8080").TrimEnd('/');
        var made = await Json(HttpMethod.Post, sandbox + "/_sandbox/worlds");
        return new World { BaseUrl = made.Element("base_url").Value };
    }

    public Task End()
    {
        return Send(HttpMethod.Delete, BaseUrl);
    }

    /// <summary>The code of the newest SMS to a phone. Waits up to 30 seconds for one.</summary>
    public async Task<int> WaitForCode(string phone)
    {
        var all = await Json(HttpMethod.Get, BaseUrl + "/_sandbox/sms?wait=30s&phone=" + Uri.EscapeDataString(phone));
        var newest = all.Elements().FirstOrDefault();
        if (newest == null)
        {
            throw new TimeoutException("no SMS to " + phone + " came");
        }
        return int.Parse(newest.Element("code").Value);
    }

    /// <summary>Moves the clock by a duration such as PT16M or P1D.</summary>
    public Task Advance(string duration)
    {
        return Send(HttpMethod.Post, BaseUrl + "/_sandbox/clock", "{\"advance\": \"" + duration + "\"}");
    }

    /// <summary>What each check of the last request expected and found, or that there was no request.</summary>
    public async Task<string> Explain()
    {
        var answer = await Http.SendAsync(Request(HttpMethod.Get, BaseUrl + "/_sandbox/explain/last", "text/plain"));
        return await answer.Content.ReadAsStringAsync();
    }

    /// <summary>Runs a test in a world of its own. When it fails, the error says what the sandbox tells of the last request.</summary>
    public static async Task In(Func<World, Task> test)
    {
        var world = await Create();
        try
        {
            await test(world);
        }
        catch (Exception failure)
        {
            throw new Exception(failure.Message + "\n" + await world.Explain(), failure);
        }
        finally
        {
            await world.End();
        }
    }

    static async Task<XElement> Json(HttpMethod method, string url)
    {
        using (var reader = JsonReaderWriterFactory.CreateJsonReader(await Send(method, url), XmlDictionaryReaderQuotas.Max))
        {
            return XElement.Load(reader);
        }
    }

    static async Task<byte[]> Send(HttpMethod method, string url, string body = null)
    {
        var request = Request(method, url, "application/json");
        if (body != null)
        {
            request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        }
        var answer = await Http.SendAsync(request);
        if (!answer.IsSuccessStatusCode)
        {
            var why = await answer.Content.ReadAsStringAsync();
            throw new HttpRequestException(method + " " + url + " answered " + (int)answer.StatusCode + ": " + why);
        }
        return await answer.Content.ReadAsByteArrayAsync();
    }

    static HttpRequestMessage Request(HttpMethod method, string url, string accept)
    {
        var request = new HttpRequestMessage(method, url);
        request.Headers.Add("Accept", accept);
        return request;
    }
}
