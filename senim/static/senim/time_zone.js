"use strict";
{
    // tells the service the time zone of this browser; a page that was just shown in another one is shown again
    const A_YEAR_S = 31536000;
    const { timeZone: shown, method } = document.currentScript.dataset;
    const ours = Intl.DateTimeFormat().resolvedOptions().timeZone || "";
    const isSet = () => document.cookie.split("; ").includes(`time_zone=${ours}`);

    if (/^[\w+/-]{1,64}$/.test(ours) && !isSet()) {
        const secure = location.protocol === "https:" ? "; Secure" : "";
        document.cookie = `time_zone=${ours}; Path=/; Max-Age=${A_YEAR_S}; SameSite=Lax${secure}`;
        // once: from now on it is set. Where cookies are refused it never is, and what was posted is not sent again
        if (isSet() && shown !== ours && method === "GET") location.reload();
    }
}
