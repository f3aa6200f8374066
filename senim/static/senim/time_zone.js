"use strict";
{
    // Tell the service the browser's time zone in a cookie, and reload a page shown in another one.
    const A_YEAR_S = 31536000;
    const { timeZone: shown, method } = document.currentScript.dataset;
    const ours = Intl.DateTimeFormat().resolvedOptions().timeZone || "";
    const isSet = () => document.cookie.split("; ").includes(`time_zone=${ours}`);

    if (/^[\w+/-]{1,64}$/.test(ours) && !isSet()) {
        const secure = location.protocol === "https:" ? "; Secure" : "";
        document.cookie = `time_zone=${ours}; Path=/; Max-Age=${A_YEAR_S}; SameSite=Lax${secure}`;
        // Reload once at most: never if cookies are refused, and never a POST.
        if (isSet() && shown !== ours && method === "GET") location.reload();
    }
}
